// How large a part of the page is.

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** The width and the height of an element's content, in whole pixels; 0 until it is there. */
export function useSize(of: RefObject<HTMLElement | null>): readonly [width: number, height: number] {
  const width = useSignal(0);
  const height = useSignal(0);
  useLayoutEffect(() => {
    const look = (): void => {
      width.value = of.current!.clientWidth;
      height.value = of.current!.clientHeight;
    };
    const watching = new ResizeObserver(look);
    watching.observe(of.current!);
    look();
    return () => watching.disconnect();
  }, []);
  return [width.value, height.value];
}
