"use strict";
// A button beside each reference that somebody may have to pass on. The words stand in the page, in its language.
if (navigator.clipboard) {
  for (const text of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet copy";
    const says = document.createElement("span");
    says.setAttribute("role", "status");
    says.textContent = text.dataset.copy;
    const what = document.createElement("span");
    what.className = "hidden";
    what.textContent = ` ${text.textContent}`;
    button.append(says, what);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent.trim());
      says.textContent = text.dataset.copied;
      setTimeout(() => { says.textContent = text.dataset.copy; }, 2000);
    });
    text.after(button);
  }
}
