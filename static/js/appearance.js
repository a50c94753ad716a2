// The theme button, and the row of places. Theme: system, light, dark, and round again. theme.js applies the choice before paint.

const WORDS = { system: "as the system has it", light: "light", dark: "dark" };
const KEY = "tocsin:theme";

/** On a narrow screen the places scroll: the present one should be in sight, and that there are more. */
export function showPlace() {
  const row = document.querySelector(".places");
  const here = row.querySelector("[aria-current]");
  if (here && row.scrollWidth > row.clientWidth) row.scrollLeft = here.offsetLeft - row.clientWidth / 3;
  const hint = () => row.toggleAttribute("data-more", row.scrollLeft + row.clientWidth < row.scrollWidth - 4);
  row.addEventListener("scroll", hint, { passive: true });
  window.addEventListener("resize", hint);
  hint();
}

export function startTheme() {
  const button = document.querySelector("[data-theme-button]");
  if (!button) return;
  button.hidden = false;
  show(button, document.documentElement.dataset.theme ?? "system");
  button.addEventListener("click", () => {
    const order = Object.keys(WORDS);
    const now = document.documentElement.dataset.theme ?? "system";
    const next = order[(order.indexOf(now) + 1) % order.length];
    if (next === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      if (next === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // Storage is forbidden: the choice then lasts for this page.
    }
    show(button, next);
  });
}

function show(button, theme) {
  button.ariaLabel = `Theme: ${WORDS[theme]}`;
  button.title = button.ariaLabel;
  for (const icon of button.querySelectorAll("[data-theme-icon]")) {
    icon.toggleAttribute("hidden", icon.dataset.themeIcon !== theme);
  }
}
