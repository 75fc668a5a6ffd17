// What a user begins with a button, once: what is under way is not begun again.

import { useSignal } from "@preact/signals";
import type { ButtonHTMLAttributes } from "preact";

/** Gives the step, deaf while it is under way, and whether it is. */
export function useOnce<Values extends unknown[]>(step: (...values: Values) => unknown) {
  const busy = useSignal(false);
  async function once(...values: Values): Promise<void> {
    if (busy.peek()) return;
    busy.value = true;
    try {
      await step(...values);
    } finally {
      busy.value = false;
    }
  }
  return [once, busy.value] as const;
}

/** A button that begins something. */
export function ActionButton({ onAction, ...button }: ButtonHTMLAttributes & { onAction: () => unknown }) {
  const [act, busy] = useOnce(onAction);
  return <button type="button" {...button} aria-disabled={busy} onClick={() => act()} />;
}
