"use strict";

// Light, dark, or as the system has it; the choice is kept where the browser keeps such things.

const THEMES = ["auto", "light", "dark"];
const THEME_KEY = "extractor-report-theme";

function startTheme() {
  const button = byId("theme");
  const apply = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.textContent = `${{ auto: "◐", light: "○", dark: "●" }[theme]} ${capital(theme)}`;
    button.setAttribute("aria-label", `Theme: ${theme}`);
  };
  apply(keptTheme());
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    apply(next);
    keepTheme(next);
  });
}

function keptTheme() {
  try {
    const theme = localStorage.getItem(THEME_KEY);
    return THEMES.includes(theme) ? theme : "auto";
  } catch {
    return "auto"; // storage is forbidden: the choice lasts as long as the page
  }
}

function keepTheme(theme) {
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // storage is forbidden: the choice lasts as long as the page
  }
}
