// Live pages: one event stream for all topics of the page; what changed is fetched again by ETag.
//
// An element says what it depends on by `data-live="topic topic/event"` and fetches itself by htmx on
// the event `live`. Hidden tabs disconnect and catch up when they are seen again; where streaming is
// not possible the page asks for positions every few seconds.

import { setServerTime, tick } from "./clock.js";

const HEADS_EVERY = 2000;
const POLL_EVERY = 4000;
const tags = new WeakMap();
let source = null;
let poll = null;
let failures = 0;
let positions = {};
let followed = "";
let headsAt = 0;
let headsTimer = null;
let contested = null; // chains with an open dispute, as last told
const listeners = new Set();

/** Call `listener({topic, event})` for every frame that arrives. */
export function onFrame(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function startLive() {
  if (!document.querySelector("[data-live]")) return;
  document.body.addEventListener("htmx:configRequest", sendTag);
  document.body.addEventListener("htmx:beforeSwap", keepTag);
  document.body.addEventListener("htmx:oobBeforeSwap", keepPaused);
  document.body.addEventListener("htmx:beforeRequest", pause);
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start(true)));
  document.body.addEventListener("htmx:responseError", tellGone);
  document.body.addEventListener("htmx:afterSettle", followAnew);
  addEventListener("pagehide", stop);
  if (!document.hidden) start(false);
}

function topics() {
  const found = new Set();
  for (const element of document.querySelectorAll("[data-live]")) {
    for (const word of wanted(element)) found.add(word.split("/")[0]);
  }
  return [...found];
}

const wanted = (element) => element.dataset.live.split(/\s+/).filter(Boolean);

function query() {
  return topics().map((topic) => `topic=${encodeURIComponent(topic)}`).join("&");
}

function start(catchUp) {
  if (catchUp) refreshAll();
  if (source || poll || !topics().length) return;
  if (!("EventSource" in window) || failures > 2) return startPolling();
  source = new EventSource(`/live/?${query()}&after=${document.documentElement.dataset.position}`);
  followed = query();
  source.onmessage = (message) => {
    failures = 0;
    const frame = JSON.parse(message.data);
    reached(frame.position);
    take(frame);
  };
  source.addEventListener("ready", (message) => {
    failures = 0;
    reached(JSON.parse(message.data).position);
  });
  source.onerror = () => {
    failures += 1;
    if (source?.readyState === EventSource.CLOSED || failures > 2) {
      stop();
      startPolling();
    }
  };
}

/** Where a new stream takes up: what was told until here is on the page or being fetched. */
function reached(position) {
  if (position !== undefined) document.documentElement.dataset.position = position;
}

/** A fragment may bring new things to follow. */
function followAnew() {
  if (!source || query() === followed) return;
  stop();
  start(false);
}

function stop() {
  source?.close();
  source = null;
  clearInterval(poll);
  poll = null;
}

function startPolling() {
  positions = {};
  poll = setInterval(ask, POLL_EVERY);
  ask();
}

async function ask() {
  try {
    const response = await fetch(`/live/positions/?${query()}`, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const told = await response.json();
    for (const [topic, position] of Object.entries(told.topics)) {
      if (topic in positions && positions[topic] !== position) take({ topic, event: "changed" });
      positions[topic] = position;
    }
  } catch {
    // The server does not answer; the ages at the top of the page go on growing and say so.
  }
}

function take(frame) {
  if (!frame.topic) return;
  if (frame.topic.startsWith("chain:")) scheduleHeads();
  if (frame.event === "reorg") tellReorg(frame.topic);
  for (const element of document.querySelectorAll("[data-live][hx-get]")) {
    const words = wanted(element);
    if (words.includes(frame.topic) || words.includes(`${frame.topic}/${frame.event}`)) refresh(element);
  }
  for (const listener of listeners) listener(frame);
}

const waiting = new Set();

/** Fetch again, but several frames of one block cost one request. */
function refresh(element) {
  if (waiting.has(element)) return;
  waiting.add(element);
  setTimeout(() => {
    waiting.delete(element);
    if (element.isConnected) window.htmx?.trigger(element, "live");
  }, 120);
}

export function refreshAll() {
  for (const element of document.querySelectorAll("[data-live][hx-get]")) refresh(element);
  scheduleHeads();
}

function tellReorg(topic) {
  for (const element of document.querySelectorAll("[data-live-reorg]")) {
    if (element.dataset.liveReorg !== topic) continue;
    const notice = document.getElementById("reorg-notice");
    if (notice) notice.hidden = false;
  }
}

/** What the page is about was taken back by a reorg: it says so instead of standing there for ever. */
function tellGone(event) {
  if (event.detail.xhr.status !== 404 || !event.detail.elt.dataset?.liveReorg) return;
  const notice = document.getElementById("reorg-notice");
  notice.querySelector("[data-text]").textContent = "The block in which this was proposed is no longer part of the chain. It may come back in a later block; until then nothing below counts.";
  notice.hidden = false;
}

function scheduleHeads() {
  if (headsTimer || !document.querySelector("[data-heads]")) return;
  const wait = Math.max(HEADS_EVERY - (Date.now() - headsAt), 0);
  headsTimer = setTimeout(fetchHeads, wait);
}

async function fetchHeads() {
  headsAt = Date.now();
  headsTimer = null;
  try {
    const response = await fetch(document.querySelector("[data-heads]").dataset.heads);
    if (!response.ok) return;
    const told = await response.json();
    setServerTime(told.now);
    const disputed = Object.keys(told.chains).filter((key) => told.chains[key].disputed).join();
    const before = contested;
    contested = disputed;
    // What was agreed is not any more, or is again: every number of the page says so at once.
    if (before !== null && before !== disputed) for (const element of document.querySelectorAll("[data-live][hx-get]")) refresh(element);
    for (const [key, chain] of Object.entries(told.chains)) {
      for (const mark of document.querySelectorAll(`[data-chain="${CSS.escape(key)}"]`)) {
        mark.dataset.headTime = chain.timestamp ?? "";
        mark.toggleAttribute("data-halted", chain.halted);
        mark.toggleAttribute("data-disputed", chain.disputed);
        for (const slot of mark.querySelectorAll("[data-contested]")) slot.hidden = !chain.disputed;
        for (const slot of mark.querySelectorAll("[data-head]")) {
          slot.textContent = chain.head?.toLocaleString("en-US") ?? "";
        }
      }
    }
    tick();
  } catch {
    // As in ask(): silence shows as a growing age.
  }
}

function sendTag(event) {
  const tag = tags.get(event.detail.elt);
  if (tag && event.detail.verb === "get") event.detail.headers["If-None-Match"] = tag;
}

function keepTag(event) {
  const tag = event.detail.xhr.getResponseHeader("ETag");
  if (!event.detail.requestConfig.elt.dataset?.live) return;
  if (tag) tags.set(event.detail.requestConfig.elt, tag);
}

function pause(event) {
  const name = event.detail.elt.dataset?.pauses;
  if (name) document.getElementById(name)?.setAttribute("data-paused", "");
}

/** A list that the reader has unfolded is not pulled away; it says that there is more instead. */
function keepPaused(event) {
  const target = event.detail.target;
  if (!target?.hasAttribute?.("data-paused")) return;
  event.detail.shouldSwap = false;
  const notice = document.getElementById("votes-notice");
  if (notice) notice.hidden = false;
}
