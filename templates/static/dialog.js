"use strict";
// A link to a page that asks something opens it as a modal dialog: the page's own words and its own form, fetched when
// they are asked for. Whatever goes wrong, the link leads to the page as it does without this script.
const PATIENT_FOR_MS = 4000;
let asking = false;

async function questionOf(link) {
  const answer = await fetch(link.href, { signal: AbortSignal.timeout(PATIENT_FOR_MS) });
  // Redirected: signed out meanwhile, or nothing is left to ask.
  if (!answer.ok || answer.redirected) throw new Error(`no question: ${answer.status}`);
  const main = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (!main.querySelector("h1") || !main.querySelector("form")) throw new Error("no question");
  return main;
}

function dialogOf(main) {
  const dialog = document.createElement("dialog");
  dialog.append(...main.childNodes);
  const heading = dialog.querySelector("h1");
  heading.id = "dialog-heading";
  heading.tabIndex = -1;
  dialog.setAttribute("aria-labelledby", heading.id);
  for (const link of dialog.querySelectorAll("a[data-close]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...link.childNodes);
    button.addEventListener("click", () => dialog.close());
    link.replaceWith(button);
  }
  // The second click of a double click on the link is none on what has come to lie under it.
  dialog.addEventListener("click", (event) => event.detail > 1 && event.preventDefault());
  dialog.addEventListener("close", () => dialog.remove());
  // Who comes back by the browser's button finds the page without a question that is answered.
  addEventListener("pagehide", () => dialog.close(), { once: true });
  return dialog;
}

async function ask(link) {
  asking = true;
  try {
    const dialog = dialogOf(await questionOf(link));
    document.body.append(dialog);
    link.focus(); // where the browser brings the focus back to; not every one focuses a link that is clicked
    dialog.showModal();
    // The heading: it is read first, a long text is not scrolled past, and Enter decides nothing.
    dialog.querySelector("h1").focus();
  } catch {
    location.assign(link.href);
  } finally {
    asking = false;
  }
}

if ("HTMLDialogElement" in window) {
  for (const link of document.querySelectorAll("a[data-dialog]")) {
    link.setAttribute("aria-haspopup", "dialog");
    link.addEventListener("click", (event) => {
      if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      if (!asking) ask(link);
    });
  }
}
