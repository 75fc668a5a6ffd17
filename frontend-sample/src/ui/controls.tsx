// What screens are made of: buttons that begin something once, what is the matter, links, and dialogs.

import { useSignal } from "@preact/signals";
import type { AnchorHTMLAttributes, ButtonHTMLAttributes, DialogHTMLAttributes, RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import type { Place } from "../state/page.ts";
import { usePage, useWords } from "./page.ts";

/** Return the step, deaf while it is under way, and whether it is. */
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

/** A button that begins something: what is under way is not begun again. */
export function ActionButton({ onAction, ...button }: ButtonHTMLAttributes & { onAction: () => unknown }) {
  const [act, busy] = useOnce(onAction);
  return <button type="button" {...button} aria-disabled={busy} onClick={() => act()} />;
}

/** Says what is the matter, if anything is. It is there before: a screen reader knows a region before anything is said in it. */
export function Alert({ problem }: { problem: Problem | null }) {
  const { sentence } = useWords();
  return <p role="alert" class="problem">{problem && sentence(problem)}</p>;
}

interface LinkProps extends Pick<AnchorHTMLAttributes, "class" | "children" | "title" | "aria-label"> {
  to: Place;
  /** How to get there, where that is not just to go. */
  onFollow?: () => void;
}

/** A link within the page, which leads there without loading it anew. */
export function Link({ to, onFollow, ...rest }: LinkProps) {
  const { go } = usePage();
  function follow(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if (onFollow) onFollow();
    else go(to);
  }
  return <a {...rest} href={to} onClick={follow} />;
}

type DialogProps = DialogHTMLAttributes & { dialog: RefObject<HTMLDialogElement | null>; id: string; title: string };

/** A dialog above the page, open from the start, with its title and a button that closes it. */
export function Dialog({ dialog, id, title, children, ...rest }: DialogProps) {
  const { t } = useWords();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby={id} {...rest}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>{t.close}</button>
      </header>
      {children}
    </dialog>
  );
}
