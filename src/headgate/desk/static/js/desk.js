// What a page does on top of links and forms. Without it every page works, with fewer comforts.

// <button data-copy="id of the element"> copies that element's text.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    label.textContent = "Copied";
  } catch {
    // no permission, or plain http on another host: mark it, so that it can be copied by hand
    getSelection().selectAllChildren(source);
    label.textContent = "Press Ctrl-C";
  }
  setTimeout(() => { label.textContent = before; }, 2000);
});

// one open menu at a time; Escape and a click elsewhere close it
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});

// <input data-typed="word"> unlocks the buttons of its form once the word is typed; the server asks for it in any case
for (const field of document.querySelectorAll("[data-typed]")) {
  const buttons = field.form.querySelectorAll("button[type=submit]");
  const look = () => { for (const each of buttons) each.disabled = field.value.trim() !== field.dataset.typed; };
  field.addEventListener("input", look);
  look();
}

// on a narrow screen the links are one row that scrolls: show where we are
document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
