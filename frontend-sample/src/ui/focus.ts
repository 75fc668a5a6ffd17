// The keyboard's focus, where what had it goes away: browsers then begin at the top of the page again.

/** In a list whose lines come, change and go, lead the focus on: to the line's next button, else to `otherwise`. */
export function keepFocus(list: HTMLElement, otherwise: () => HTMLElement | null): () => void {
  let last: Element | null = null;
  let line: Element | null = null;
  const listening = new AbortController();
  const { signal } = listening;
  list.addEventListener(
    "focusin",
    ({ target }) => {
      last = target as Element;
      line = last.closest("li");
    },
    { signal },
  );
  // Some browsers say that the focus left when its element is removed, some do not; whoever leaves by themselves leaves it there.
  list.addEventListener("focusout", ({ target }) => queueMicrotask(() => {
    if (target === last && last?.isConnected) last = null;
  }), { signal });
  const watching = new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    last = null;
    (line?.isConnected ? line.querySelector("button") : otherwise())?.focus();
  });
  watching.observe(list, { childList: true, subtree: true });
  return () => {
    listening.abort();
    watching.disconnect();
  };
}
