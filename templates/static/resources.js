"use strict";
// The list of sites and devices: counts while somebody ticks, and filters while they type where the whole list stands on
// the page. Without this script the buttons beside it do the same.
const fold = (text) => text.toLocaleLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

for (const list of document.querySelectorAll("[data-resources]")) {
  const rows = [...list.querySelectorAll('input[name="resource"]:not([type="hidden"])')].map((box) => ({
    box,
    line: box.closest(".choice"),
    group: box.closest("details"),
    text: fold(`${box.closest(".choice").textContent} ${box.closest("details")?.querySelector("summary").textContent ?? ""}`),
  }));
  const count = list.querySelector("[data-chosen]");
  const elsewhere = Number(list.querySelector("[data-elsewhere]")?.dataset.elsewhere ?? 0);
  const search = list.querySelector('input[type="search"]');
  const only = list.querySelector("[data-only]");
  let onlyChosen = false;

  const tell = () => {
    if (count) count.textContent = String(elsewhere + rows.filter((row) => row.box.checked).length);
  };
  const filter = () => {
    const words = fold(search?.value ?? "").split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const found = words.every((word) => row.text.includes(word)) && (!onlyChosen || row.box.checked);
      row.line.hidden = !found;
    }
    for (const group of list.querySelectorAll("details")) {
      group.hidden = !rows.some((row) => row.group === group && !row.line.hidden);
    }
  };
  list.addEventListener("change", tell);
  if ("whole" in list.dataset && search) {
    search.addEventListener("input", filter);
    // The list is filtered already; Enter must not send the form for it.
    search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    only?.setAttribute("aria-pressed", "false");
    only?.addEventListener("click", (event) => {
      event.preventDefault();
      onlyChosen = !onlyChosen;
      only.setAttribute("aria-pressed", String(onlyChosen));
      filter();
    });
  }
  addEventListener("pageshow", tell); // what the browser has restored counts too
}
