(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  var grid = document.getElementById("grid");
  if (!grid) { return; }
  var columns = data.columns, rows = data.rows;
  var perPage = window.matchMedia("(max-width: 34rem)").matches ? Math.ceil(data.page / 3) : data.page;
  rows.forEach(function (row, r) { row[4] = data.links[r]; row[5] = r + 1; }); // the pair's own page, and its number
  var personColumn = columns.findIndex(function (column) { return column.kind === "person"; });
  var matching = rows, page = 0, open = null;
  function $(id) { return document.getElementById(id); }

  function element(tag, className, text) {
    var made = document.createElement(tag);
    if (className) { made.className = className; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  // What a picture shows, in words: its alternative text and the viewer's title.
  function words(row, c) { return subject(row, columns[c]) + (columns[c].note ? " (made before)" : ""); }

  function subject(row, column) {
    if (column.kind === "person") { return "Person " + row[0]; }
    if (column.kind === "garment") { return "Garment " + row[1]; }
    if (column.kind === "warp") { return "Garment " + row[1] + " warped for person " + row[0]; }
    if (column.kind === "truth") { return "True picture of person " + row[0] + " in garment " + row[1]; }
    return "Person " + row[0] + " in garment " + row[1] + " by " + column.label;
  }

  function isPicture(cell) { return typeof cell === "string"; }
  function hasFailed(row) { return row[3].some(function (cell) { return !isPicture(cell); }); }

  function picture(row, r, c) {
    var cell = row[3][c];
    if (!isPicture(cell)) {
      var none = element("div", "none" + (cell[0] === "not made" ? "" : " failure"));
      none.style.aspectRatio = data.width + " / " + data.height;
      none.appendChild(element("strong", "", cell[0].replace(/[_:]/g, function (s) { return s === "_" ? " " : ": "; })));
      if (cell[1]) { none.appendChild(element("span", "", cell[1])); none.title = cell[1]; }
      return none;
    }
    var button = element("button", "cell" + (columns[c].note ? " old" : ""));
    button.type = "button";
    button.dataset.row = r;
    button.dataset.column = c;
    button.setAttribute("aria-label", "Enlarge: " + words(row, c));
    var image = element("img", data.height <= 128 ? "small-picture" : "");
    image.loading = "lazy";
    image.decoding = "async";
    image.width = data.width;
    image.height = data.height;
    image.alt = words(row, c);
    image.src = data.thumbnails ? "thumbnails" + cell.slice("images".length) + ".jpg" : cell;
    button.appendChild(image);
    return button;
  }

  function rowElement(row, r) {
    var item = element("div", "row");
    item.setAttribute("role", "group");
    item.setAttribute("aria-label", row[0] + " in " + row[1]);
    item.id = "pair-" + row[5];
    item.tabIndex = -1; // so that a browser that comes here by the address gives it the focus
    var who = element("div", "who");
    who.appendChild(element("h3", "", row[0]));
    who.appendChild(element("p", "", "in " + row[1]));
    if (row[4]) {
      var more = element("a", "more", "open this pair");
      more.href = row[4];
      more.setAttribute("aria-label", "Open the pair " + row[0] + " in " + row[1]);
      who.appendChild(more);
    }
    if (row[2] !== null) { who.appendChild(element("p", "whole", "warp IoU " + row[2].toFixed(3))); }
    item.appendChild(who);
    columns.forEach(function (column, c) {
      var figure = element("figure");
      figure.appendChild(picture(row, r, c));
      figure.appendChild(element("figcaption", "", column.label));
      item.appendChild(figure);
    });
    return item;
  }

  function heads() {
    var made = element("div", "heads");
    made.setAttribute("aria-hidden", "true");
    made.appendChild(element("span", "", "Pair"));
    columns.forEach(function (column) {
      var head = element("span", column.note ? "warned" : "", column.label);
      if (column.about) { head.appendChild(element("span", "about", column.about)); }
      if (column.note) { head.appendChild(element("span", "warn warned", column.note)); }
      made.appendChild(head);
    });
    return made;
  }

  function numPages() { return Math.max(1, Math.ceil(matching.length / perPage)); }

  // Which pairs are on show, in words.
  function extent(first, last) {
    var some = matching.length.toLocaleString("en"), all = rows.length.toLocaleString("en");
    var part = (first === last ? "pair " : "pairs ") + first + (first === last ? "" : " to " + last);
    if (matching.length < rows.length) { return some + " of " + all + " pairs" + (numPages() > 1 ? ": " + part + " of these" : ""); }
    return numPages() > 1 ? "P" + part.slice(1) + " of " + all : all + (rows.length === 1 ? " pair" : " pairs");
  }

  // Why no pair is on show.
  function nothing() {
    if (!$("only-failed").checked) { return "No pair has that in its ids."; }
    return rows.some(hasFailed) ? "No pair that failed has that in its ids." : "No pair failed.";
  }

  function show() {
    var first = page * perPage, last = Math.min(first + perPage, matching.length);
    var fragment = document.createDocumentFragment();
    fragment.appendChild(heads());
    for (var r = first; r < last; r += 1) { fragment.appendChild(rowElement(matching[r], r)); }
    if (!matching.length) { fragment.appendChild(element("p", "empty", nothing())); }
    grid.style.setProperty("--columns", columns.length);
    grid.replaceChildren(fragment);
    $("shown").textContent = extent(first + 1, last);
    $("page").value = page;
    [["previous", page === 0], ["next", page >= numPages() - 1]].forEach(function (end) {
      [$(end[0]), $(end[0] + "-below")].forEach(function (button) { button.setAttribute("aria-disabled", end[1]); });
    });
    $("bottom").hidden = $("top-pager").hidden = numPages() === 1;
  }

  function fillPages() {
    var options = document.createDocumentFragment();
    for (var p = 0; p < numPages(); p += 1) {
      var option = element("option", "", p + 1 + " of " + numPages());
      option.value = p;
      options.appendChild(option);
    }
    $("page").replaceChildren(options);
  }

  function turn(to, above) {
    page = Math.min(Math.max(to, 0), numPages() - 1);
    show();
    if (above) { $("pictures").scrollIntoView(); }
  }

  // By hand: the address then names the first pair on show, so that a reader who comes back finds the page again.
  function turnTo(to, above) {
    if (to < 0 || to >= numPages()) { return; } // an end, whose button stays where the focus is
    turn(to, above);
    history.replaceState(null, "", "#pair-" + matching[page * perPage][5]);
  }

  // Show the pair that the address names, and put the focus on it.
  function visit() {
    var named = /^#pair-(\d+)$/.exec(window.location.hash), place = named ? Number(named[1]) - 1 : -1;
    if (place < 0 || place >= rows.length) { return; }
    if (matching !== rows) { $("tools").reset(); matching = rows; fillPages(); }
    turn(Math.floor(place / perPage));
    var row = $("pair-" + named[1]);
    if (row) { row.scrollIntoView(); row.focus({ preventScroll: true }); }
  }

  function filter() {
    var wanted = $("find").value.trim().toLowerCase(), failed = $("only-failed").checked;
    matching = rows.filter(function (row) {
      var named = !wanted || (row[0] + " " + row[1]).toLowerCase().indexOf(wanted) >= 0;
      return named && (!failed || hasFailed(row));
    });
    fillPages();
    turn(0);
  }

  // The viewer: a dialog, so that Esc, focus inside and focus back are the browser's.
  var viewer = $("viewer");

  function share(percent) {
    $("stage").style.setProperty("--share", percent + "%");
    $("range").value = percent;
  }

  function view(r, c) {
    var row = matching[r], column = columns[c], person = row[3][personColumn];
    open = [r, c];
    $("over").src = row[3][c];
    $("over").alt = words(row, c);
    $("over").className = $("under").className = data.height <= 128 ? "small-picture" : "";
    var comparable = (column.kind === "method" || column.kind === "truth") && isPicture(person);
    $("under").hidden = $("cut").hidden = $("slider").hidden = !comparable;
    $("shows").textContent = column.kind === "truth" ? "Only the truth" : "Only the result";
    if (comparable) { $("under").src = person; $("under").alt = words(row, personColumn); }
    share(50);
    $("viewer-title").textContent = words(row, c);
    var note = "Pair " + (r + 1) + " of " + matching.length + (row[2] === null ? "" : ", warp IoU " + row[2].toFixed(3));
    $("viewer-note").textContent = note + (column.note ? ". " + column.note : "");
  }

  // The next cell with a picture; past a row's end it goes on in the next row.
  function step(dr, dc) {
    var r = open[0], c = open[1], count = columns.length;
    for (var tries = 0; tries < count * matching.length; tries += 1) {
      r += dr;
      c += dc;
      if (c < 0 || c >= count) { r += dc; c = (c + count) % count; }
      if (r < 0 || r >= matching.length) { return; }
      if (isPicture(matching[r][3][c])) { view(r, c); return; }
    }
  }

  // Where the picture that is on show stands in the grid, so that focus returns there and not to where it started.
  function focusOpen() {
    if (!open) { return; }
    if (Math.floor(open[0] / perPage) !== page) { turn(Math.floor(open[0] / perPage)); }
    var button = grid.querySelector('[data-row="' + open[0] + '"][data-column="' + open[1] + '"]');
    open = null;
    if (button) { button.focus(); }
  }

  grid.addEventListener("click", function (event) {
    var button = event.target.closest(".cell");
    if (button) { view(Number(button.dataset.row), Number(button.dataset.column)); viewer.showModal(); }
  });
  viewer.addEventListener("keydown", function (event) {
    var moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    var move = moves[event.key];
    if (!move || event.target === $("range") || event.altKey || event.ctrlKey || event.metaKey) { return; }
    event.preventDefault();
    step(move[0], move[1]);
  });
  viewer.addEventListener("click", function (event) { if (event.target === viewer) { viewer.close(); } });
  viewer.addEventListener("close", focusOpen);
  $("close").addEventListener("click", function () { viewer.close(); });
  $("back").addEventListener("click", function () { step(0, -1); });
  $("forth").addEventListener("click", function () { step(0, 1); });
  $("range").addEventListener("input", function () { share($("range").value); });
  $("stage").style.setProperty("--ratio", data.width / data.height);
  $("stage").parentElement.style.setProperty("--ratio", data.width / data.height);

  $("tools").hidden = false;
  $("tools").addEventListener("submit", function (event) { event.preventDefault(); });
  $("find").addEventListener("input", filter);
  $("only-failed").addEventListener("change", filter);
  $("page").addEventListener("change", function () { turnTo(Number($("page").value)); });
  $("previous").addEventListener("click", function () { turnTo(page - 1); });
  $("next").addEventListener("click", function () { turnTo(page + 1); });
  $("previous-below").addEventListener("click", function () { turnTo(page - 1, true); });
  $("next-below").addEventListener("click", function () { turnTo(page + 1, true); });
  window.addEventListener("hashchange", visit);
  fillPages();
  show();
  visit();
})();
