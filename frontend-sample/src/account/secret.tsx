// A secret that is shown once, and the way to take it.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { useTexts } from "./texts.ts";

/** The focus comes to the button, which says all of it: the form that had the focus is folded or changed. */
export function Secret({ secret, children }: { secret: string; children: ComponentChildren }) {
  const texts = useTexts();
  const id = useId();
  const code = useRef<HTMLElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const said = useSignal("");
  useEffect(() => button.current!.focus(), []);

  async function copy(): Promise<void> {
    try {
      // There is none where the page came without encryption.
      await navigator.clipboard.writeText(secret);
      said.value = texts.copied;
    } catch {
      getSelection()?.selectAllChildren(code.current!);
      said.value = texts.selected;
    }
  }

  return (
    <div class="secret">
      <p id={id}>
        {children} <code ref={code}>{secret}</code>
      </p>
      <p class="beside">
        <button type="button" ref={button} aria-describedby={id} onClick={copy}>{texts.copy}</button>
        <span role="status">{said.value}</span>
      </p>
    </div>
  );
}
