// Which picture is open, said by the address.

import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { moved } from "../state/viewing.ts";
import { useView, useViewing } from "./view.ts";
import { cellAt } from "./cells.ts";

/** The picture that is open stands in the address, so that there is a link to it, and the way back closes it. */
export function useLarge(scroller: { readonly current: HTMLElement | null }): [show: (place: number) => void, close: () => void] {
  const { store } = useView();
  const open = store.part("open");
  const at = (): number | null => (/^#[1-9]\d{0,8}$/.test(location.hash) ? Number(location.hash.slice(1)) : null);
  const was = useRef<number | null>(null);
  const place = useViewing((viewing) => viewing.open);

  useEffect(() => {
    const went = (): void => open.change(at);
    went();
    addEventListener("popstate", went);
    return () => removeEventListener("popstate", went);
  }, []);

  // Whoever comes back is where they went to.
  useLayoutEffect(() => {
    if (was.current !== null && place === null) cellAt(scroller.current!, store.part("choice").now().at)?.focus();
    was.current = place;
  }, [place]);

  function show(next: number): void {
    if (open.now() === null) history.pushState({ ...history.state, large: true }, "", `#${next}`);
    else history.replaceState(history.state, "", `#${next}`);
    open.change(() => next);
    store.part("choice").change(moved, next);
    store.part("scrub").change(() => next);
  }

  function close(): void {
    if (open.now() === null) return;
    if (history.state?.large) history.back();
    else history.replaceState(history.state, "", location.pathname);
    open.change(() => null);
  }
  return [show, close];
}
