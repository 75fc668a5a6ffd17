// Runs before anything is drawn: the theme that was chosen, so that no other one is seen before it.
try {
  const theme = localStorage.getItem("fiapx.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Where the browser keeps nothing the system's theme is used.
}
