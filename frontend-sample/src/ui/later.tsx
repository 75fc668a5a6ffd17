// Parts of the page that few visits need.

import { useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { useWords } from "./page.ts";

/** A component that is loaded when it is shown, and says so where it cannot be. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return function Later(props: Props) {
    const { t, sentence } = useWords();
    const found = useSignal<{ Part: ComponentType<Props> } | null>(null);
    const isLost = useSignal(false);
    async function show(): Promise<void> {
      isLost.value = false;
      await load().then((Part) => (found.value = { Part }), () => (isLost.value = true));
    }
    useEffect(() => void show(), []);
    if (found.value) return <found.value.Part {...props} />;
    return isLost.value ? (
      <p role="alert" class="problem">
        {sentence({ code: "NETWORK" })}{" "}
        <button type="button" onClick={show}>{t.retry}</button>
      </p>
    ) : null;
  };
}
