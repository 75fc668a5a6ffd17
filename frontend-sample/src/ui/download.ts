// Saving what is behind a link, without leaving the page.

/**
 * Save what a link of the service leads to. To go there would ask whether to leave while files are sent, and a link that
 * fails would take the page's place. Browsers heed `download` within one origin only: elsewhere a tab of its own is left.
 */
export function download(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.rel = "noopener";
  if (new URL(url).origin !== location.origin) link.target = "_blank";
  link.click();
}
