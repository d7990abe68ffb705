"use strict";
// The second click of a double click would be told that its question is answered already, and would take the place of
// the way back to the application. Buttons stay enabled: a disabled one would not send its own value.
const PATIENCE_MS = 3000;
const sent = new WeakMap();
addEventListener("submit", (event) => {
  if (event.timeStamp - sent.get(event.target) < PATIENCE_MS) event.preventDefault();
  else sent.set(event.target, event.timeStamp);
});
