// Runs before the first paint, so that a chosen theme never flashes. Deliberately not a module.
(() => {
  const chosen = (() => {
    try {
      return localStorage.getItem("tocsin:theme");
    } catch {
      return null; // storage may be forbidden; the system's theme then stands
    }
  })();
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
