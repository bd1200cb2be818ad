"use strict";
// What a rater sees: one section at a time, pictures only when all of them are there, a flash for its time.
window.screens = (function () {
  const one = id => document.getElementById(id);
  const images = new Map();  // by name, so that what was loaded ahead is not asked for again
  const settled = 4;         // ms: frames come a little early or late

  function load(name) {
    if (!images.has(name)) {
      const image = new Image();
      image.src = "/picture/" + name;
      images.set(name, image.decode().then(() => image, error => { images.delete(name); throw error; }));
    }
    return images.get(name);
  }

  function preload(names) {
    for (const name of names || []) load(name).catch(() => {});
  }

  // Put loaded pictures where the section has its places.
  function place(section, loaded) {
    for (const [spot, image] of Object.entries(loaded)) {
      const old = section.querySelector(`img[data-place="${spot}"]`);
      for (const name of ["class", "data-place", "alt", "width", "height"]) image.setAttribute(name, old.getAttribute(name));
      if (old !== image) old.replaceWith(image);
      section.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
    }
  }

  async function pictures(names) {
    const wanted = Object.entries(names);
    const found = await Promise.all(wanted.map(([, name]) => load(name)));
    return Object.fromEntries(wanted.map(([spot], i) => [spot, found[i]]));
  }

  function forget(keep) {
    for (const name of images.keys()) if (!keep.includes(name)) images.delete(name);
  }

  function show(id, title) {
    const before = document.querySelector("main > section:not([hidden])");
    for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
    document.title = title;
    if (before && before.id === id) return;
    scrollTo(0, 0);
    one(id).querySelector("h1").focus({preventScroll: true});
  }

  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const wait = ms => new Promise(resolve => setTimeout(resolve, ms));

  // Show an element for so many ms; returns for how many it was shown, from frame to frame.
  async function flash(element, ms) {
    const from = await frame();
    element.classList.add("on");  // painted at the end of this frame
    let now = from;
    while (now - from < ms - settled) now = await frame();
    element.classList.remove("on");
    return now - from;
  }

  function progress(screen) {
    const known = screen.of > 0;
    one("bar").hidden = !known;
    if (!known) return;
    one("progress").max = screen.of;
    one("progress").value = screen.done;
    const on = ["choice", "flash"].includes(screen.page);
    one("count").textContent = on ? `${screen.done + 1} of ${screen.of}` : `${screen.done} of ${screen.of} done`;
  }

  let ticking = 0;
  function clock(seconds) {
    clearInterval(ticking);
    one("clock").hidden = seconds === null || seconds === undefined;
    if (one("clock").hidden) return;
    const end = performance.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left in this part`;
      one("clock").textContent = left > 0 ? text : "Time is over; please go on";
      one("clock").classList.toggle("over", left <= 0);
      if (left <= 0) clearInterval(ticking);
    };
    ticking = setInterval(tick, 250);
    tick();
  }

  return {one, preload, pictures, place, forget, show, frame, wait, flash, progress, clock};
})();
