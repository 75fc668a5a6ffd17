// Single keys that do something, wherever the focus is; never while somebody types.

import { useEffect, useRef } from "preact/hooks";
import { usePage } from "./page.ts";

export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Where a letter is a letter, and arrows and space have a meaning of their own. */
const TYPING = "input, textarea, select, [contenteditable]";

/**
 * While the component is there, keys do this, by what they write: "i", "?", " ". Those of the page are silent while a dialog
 * is open, and those of a dialog belong to it.
 */
export function useShortcuts(shortcuts: Shortcuts, where: "page" | "dialog" = "page"): void {
  const { store } = usePage();
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    function press(event: KeyboardEvent): void {
      const { target, ctrlKey, metaKey, altKey, isComposing } = event;
      if (!store.state.peek().shortcuts || event.defaultPrevented || ctrlKey || metaKey || altKey || isComposing) return;
      if (target instanceof Element && target.closest(TYPING)) return;
      if ((where === "page") === (document.querySelector("dialog[open]") !== null)) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      // Space presses a button that has the focus.
      if (key === " " && target instanceof Element && target.closest("button, summary, a")) return;
      if (!Object.hasOwn(latest.current, key)) return;
      event.preventDefault();
      latest.current[key]!(event);
    }
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
