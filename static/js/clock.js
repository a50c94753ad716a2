// Keeps every age and countdown of the page current, by the server's clock.

let offset = 0; // seconds that the server's clock is ahead of ours

export function setServerTime(seconds) {
  offset = seconds - Date.now() / 1000;
}

export function serverNow() {
  return Date.now() / 1000 + offset;
}

export function startClock() {
  const rendered = Number(document.documentElement.dataset.now);
  const since = performance.timing ? Date.now() - performance.timing.responseStart : 0;
  if (rendered) setServerTime(rendered + since / 1000);
  tick();
  setInterval(tick, 1000);
  document.body.addEventListener("htmx:afterSettle", tick);
  document.body.addEventListener("htmx:oobAfterSwap", tick);
}

export function tick() {
  const now = Math.floor(serverNow());
  for (const time of document.querySelectorAll("time[data-relative]")) {
    setText(time, span(Number(time.dataset.relative) - now));
  }
  for (const due of document.querySelectorAll("[data-due]")) {
    setText(due, Number(due.dataset.due) < now ? due.dataset.after : due.dataset.before);
  }
  for (const chain of document.querySelectorAll("[data-head-time]")) showAge(chain, now);
}

function showAge(chain, now) {
  const head = Number(chain.dataset.headTime);
  const age = chain.dataset.headTime === "" ? null : Math.max(now - head, 0);
  const stands = "halted" in chain.dataset || age === null || age > Number(chain.dataset.down);
  const level = stands ? "down" : age > Number(chain.dataset.late) ? "late" : "fresh";
  chain.dataset.level = level;
  const words = { fresh: "", late: ", late", down: ", standing still" }[level];
  const text = age === null ? "no block yet" : ageText(age) + words;
  for (const slot of chain.querySelectorAll("[data-age]")) setText(slot, text);
  for (const note of document.querySelectorAll(`[data-stale="${CSS.escape(chain.dataset.chain)}"]`)) showStale(note, level);
}

/** The call-out that says in words what a late or standing chain means for the numbers. */
function showStale(note, level) {
  note.hidden = level === "fresh";
  note.classList.toggle("alarm", level === "down");
  note.classList.toggle("warn", level === "late");
  for (const part of note.querySelectorAll("[data-while]")) part.hidden = part.dataset.while !== level;
}

function ageText(age) {
  if (age < 120) return `${age} s`;
  return age < 7200 ? `${Math.floor(age / 60)} min` : `${Math.floor(age / 3600)} h`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function span(distance) {
  if (distance === 0) return "now";
  const text = duration(Math.abs(distance));
  return distance > 0 ? `in ${text}` : `${text} ago`;
}

export function duration(seconds) {
  const parts = [];
  for (const [size, word] of [[86400, "day"], [3600, "h"], [60, "min"], [1, "s"]]) {
    const count = Math.floor(seconds / size);
    seconds %= size;
    if (count) parts.push(`${count} ${word}${word === "day" && count > 1 ? "s" : ""}`);
    else if (parts.length) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0 s";
}
