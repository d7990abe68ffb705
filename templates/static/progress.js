"use strict";
// After Proceed the lines of what is being done fill in by themselves: read again, ever less often, until nothing is
// waiting, or some minutes have passed. Without this script, and after it has given up, there is a link.
const FIRST_MS = 1000, SLOWEST_MS = 20000, GIVE_UP_MS = 300000, PATIENT_MS = 5000;
const region = document.querySelector("[data-progress]");
const link = document.querySelector("[data-look-again]");

async function linesOf(address) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENT_MS) });
  // Redirected: signed out meanwhile.
  if (!answer.ok || answer.redirected) throw new Error(`no news: ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("ul");
}

// Only lines that say something else are replaced: what has been read out is not read out again.
function show(lines) {
  const list = region.querySelector("ul");
  const [old, fresh] = [[...list.children], [...lines.children]];
  if (old.length !== fresh.length) list.replaceChildren(...fresh);
  else fresh.forEach((line, at) => line.textContent === old[at].textContent || old[at].replaceWith(line));
  list.toggleAttribute("data-waiting", lines.hasAttribute("data-waiting"));
}

async function watch() {
  const until = Date.now() + GIVE_UP_MS;
  for (let pause = FIRST_MS; region.querySelector("[data-waiting]") && Date.now() < until; pause = Math.min(2 * pause, SLOWEST_MS)) {
    await new Promise((go) => setTimeout(go, pause));
    if (!document.hidden) show(await linesOf(region.dataset.progress));
  }
}

if (region) {
  link.hidden = true;
  watch().catch(() => {}).finally(() => { link.hidden = !region.querySelector("[data-waiting]"); });
}
