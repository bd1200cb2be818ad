"use strict";
// A rater's way through the study. The server says what is next; an answer is kept here until it has acknowledged it.
(function () {
  const {one, wait} = window.screens;
  const settings = document.body.dataset;
  const FIXATION = 500;  // ms that the cross is shown before a flash
  const KEPT = `viton-answer-${settings.study}`, SEEN = `viton-flash-${settings.study}`;
  const keys = {choice: {ArrowLeft: "left", ArrowRight: "right"}, flash: {ArrowLeft: "real", ArrowRight: "fake"}};
  if (settings.ties === "1") keys.choice.ArrowDown = "tie";
  let screen = {page: "loading"}, open = false, since = 0, shown = null, sending = false, fresh = true, ended = false, covered = false;

  class Refusal extends Error {
    constructor(status, message) { super(message); this.status = status; }
  }

  async function asked(path, body) {
    const stop = new AbortController(), timer = setTimeout(() => stop.abort(), 15000);
    try {
      const response = await fetch("/api/" + path, {
        method: "POST", credentials: "same-origin", signal: stop.signal,
        headers: {"content-type": "application/json"}, body: JSON.stringify(body),
      });
      if (response.status === 429 || response.status >= 500) throw new Error("busy");
      const told = await response.json();
      if (!response.ok) throw new Refusal(response.status, told.error || "refused");
      return told;
    } finally {
      clearTimeout(timer);
    }
  }

  // Ask until there is an answer; meanwhile the notice says that it is being tried.
  async function insisted(path, body, notice) {
    for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
      try {
        const told = await asked(path, body);
        say("");
        return told;
      } catch (error) {
        if (error instanceof Refusal) { say(""); throw error; }
        say(notice);
        await Promise.race([wait(pause), new Promise(go => addEventListener("online", go, {once: true}))]);
      }
    }
  }

  const busy = on => document.querySelector("main").setAttribute("aria-busy", String(on));

  function say(text) {
    if (one("notice").textContent !== text) one("notice").textContent = text;
    one("notice").hidden = !text;
  }

  const stored = (box, name) => { try { return JSON.parse(box.getItem(name)); } catch { return null; } };
  const keep = (box, name, value) => { try { box.setItem(name, JSON.stringify(value)); } catch { /* a private window */ } };
  const drop = (box, name) => { try { box.removeItem(name); } catch { /* a private window */ } };

  async function go(path, body, notice) {
    if (sending || (ended && path !== "withdraw")) return;
    sending = true;
    busy(true);
    try {
      await show(await insisted(path, body, notice || "No connection to the server; trying again."));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      ended = false;  // a withdrawal that was refused is none
      one("wrong-text").textContent = `The server said: ${error.message}.`;
      await show({page: "wrong"});
    } finally {
      sending = false;
    }
  }

  async function arrive() {
    const kept = stored(localStorage, KEPT);
    if (kept) await delivered(kept);
    await go("arrive", {query: location.search});  // also then: the address may be another participant's
  }

  async function send(vote) {
    const told = await delivered(vote);
    if (told) await show(told);
    else if (!ended) await go("arrive", {query: location.search});
  }

  async function delivered(vote) {
    keep(localStorage, KEPT, vote);
    let told = null;
    try {
      told = await insisted("answer", vote, "No connection. Your answer is kept, and sent as soon as possible.");
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;  // else: not of this session, or not on; the server says what is
    }
    drop(localStorage, KEPT);
    return told;
  }

  async function answer(what) {
    if (!open) return;
    open = false;
    busy(true);
    buttons(false, what);
    const ms = Math.min(performance.now() - since, 999999999);
    await send({trial: screen.trial, answer: what, response_ms: Math.round(ms * 10) / 10, shown_ms: shown});
  }

  function buttons(enabled, chosen) {
    for (const button of document.querySelectorAll("[data-answer]")) {
      button.setAttribute("aria-disabled", String(!enabled));
      button.classList.toggle("chosen", button.dataset.answer === chosen);
    }
  }

  async function show(next) {
    if (ended && next.page !== "withdrawn") return;
    screen = next;
    open = false;
    buttons(false);
    if (!["consent", "full", "loading", "wrong"].includes(next.page) && location.search) {
      history.replaceState(null, "", location.pathname);  // a participant's number does not stay in the address
    }
    one("foot").hidden = ["consent", "full", "loading", "withdrawn", "left"].includes(next.page);
    window.screens.progress(next);
    if (next.page !== "choice") window.screens.clock(null);
    if (next.page === "left") return go("arrive", {query: ""});
    if (next.page === "choice" || next.page === "flash") return trial(next);
    window.screens.preload(next.preload);
    if (next.page === "pause") one("pause-text").textContent = `Part ${next.block - 1} of ${next.blocks} is done.`;
    if (next.page === "thanks") completion(next);
    window.screens.show(next.page, settings.title);
    busy(false);
  }

  function completion(next) {
    one("code-line").hidden = !next.code;
    one("code").textContent = next.code;
    one("link-line").hidden = !next.url;
    if (next.url) one("link").href = next.url;
  }

  async function trial(next) {
    if (next.seen) return asked_at_once(next);
    const found = await loaded(next);
    if (!found || screen !== next) return;
    window.screens.forget([...Object.values(next.pictures), ...next.preload]);
    if (next.page === "flash") return flash(next, found);
    window.screens.place(one("choice"), found);
    window.screens.clock(next.seconds_left);
    shown = null;
    await answerable(next, "choice");
  }

  async function loaded(next) {
    for (let pause = 500; ; pause = Math.min(pause * 2, 5000)) {
      try {
        const found = await window.screens.pictures(next.pictures);
        say("");
        return found;
      } catch {
        say("The pictures have not come yet; trying again.");
        await wait(pause);
        if (next.page === "flash") return renewed();  // another window may have shown it: then it comes no more
      }
    }
  }

  async function answerable(next, id) {
    window.screens.show(id, `${next.done + 1} of ${next.of}: ${settings.title}`);
    one(id).dataset.trial = next.trial;
    await window.screens.frame();
    if (screen !== next) return;
    document.body.classList.remove("moved");
    since = performance.now();
    open = true;
    fresh = false;
    buttons(true);
    busy(false);
    window.screens.preload(next.preload);
  }

  async function renewed() {
    try {
      await show(await insisted("arrive", {query: location.search}, "No connection to the server; trying again."));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await show({page: "wrong"});
    }
    return null;
  }

  // Once is once: whoever loads the page again, or comes with another device, has seen the picture or has missed it.
  async function asked_at_once(next) {
    const seen = stored(localStorage, SEEN);  // the name is of this session alone
    shown = seen && seen.name === next.pictures.shown ? seen.ms : null;
    return answerable(next, "flash");
  }

  async function allowed(next, look) {
    try {
      return (await insisted("show", {trial: next.trial, look}, "No connection to the server; trying again.")).show;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return null;
    }
  }

  async function flash(next, found) {
    const name = next.pictures.shown;
    window.screens.place(one("flash"), found);
    if (fresh) {
      window.screens.show("ready", settings.title);
      return busy(false);
    }
    const may = await allowed(next, Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(16)).join("-"));
    if (screen !== next) return;
    if (may === null) return renewed();
    if (!may) return asked_at_once(next);
    window.screens.show("flash", `${next.done + 1} of ${next.of}: ${settings.title}`);
    one("cross").classList.add("on");
    await wait(FIXATION);
    one("cross").classList.remove("on");
    if (ended || screen !== next) return;
    keep(localStorage, SEEN, {name, ms: null});
    covered = one("sure").open;
    const ms = await window.screens.flash(one("flash").querySelector("img"), Number(settings.flashMs));
    if (ended || screen !== next) return;
    shown = covered ? null : Math.round(ms * 10) / 10;  // behind the question whether to withdraw nobody saw it whole
    keep(localStorage, SEEN, {name, ms: shown});
    await answerable(next, "flash");
  }

  const deeds = {
    agree: () => go("agree", {query: location.search, consent: screen.consent}),
    begin: () => { fresh = false; return go("begin", {block: screen.block}); },
    ready: () => { fresh = false; busy(true); return trial(screen); },
    again: () => arrive(),
    leave: () => go("leave", {}),
    ask: () => { covered = true; one("sure").showModal(); },
    stay: () => one("sure").close(),
    withdraw: async () => {
      one("sure").close();
      drop(localStorage, KEPT);
      drop(localStorage, SEEN);
      ended = true;
      open = sending = false;
      await go("withdraw", {}, "No connection. Please stay: your answers are deleted as soon as the server hears of it.");
    },
  };

  addEventListener("click", event => {
    const button = event.target.closest("button");
    if (!button) return;
    // The second half of a double click is not meant for the trial that has come in between.
    if (button.dataset.answer && event.detail < 2) answer(button.dataset.answer);
    if (button.dataset.do) deeds[button.dataset.do]();
  });
  addEventListener("keydown", event => {
    const what = (keys[screen.page] || {})[event.key];
    if (!what || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || one("sure").open) return;
    event.preventDefault();
    if (!event.repeat) answer(what);
  });
  let pointer = "";  // a browser tells of moves also when the page moves under a pointer that rests
  addEventListener("pointermove", event => {
    const place = `${event.screenX} ${event.screenY}`;
    if (pointer && pointer !== place) document.body.classList.add("moved");
    pointer = place;
  });
  addEventListener("pageshow", event => { if (event.persisted) location.reload(); });
  arrive();
})();
