// Runs before the first paint: the theme that was chosen last, or that the window names in the address (#theme=dark), so
// that no other colour is ever shown. src/lib/state/theme.svelte.ts keeps it from then on.
(function () {
  var named = /[#&]theme=(light|dark|system)/.exec(location.hash);
  var theme = named && named[1];
  try {
    if (theme) localStorage.setItem('heimdall.theme', theme);
    else theme = localStorage.getItem('heimdall.theme');
  } catch (e) {
    theme = theme || 'system'; // no storage: the system's theme
  }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
