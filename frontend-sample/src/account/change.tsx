// A small form that changes one thing of the account, and says that it did.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import { useOnce } from "../ui/controls.tsx";
import { useWords } from "../ui/page.ts";
import { useTexts } from "./texts.ts";

interface ChangeProps {
  submit: string;
  /** What the button is called where its word alone does not tell it from others. */
  named?: string;
  /** Do what the form is for; return what the matter is, or what was done, as a sentence. */
  onSubmit: (values: Record<string, string>) => Promise<Problem | string>;
  /** Whether what was typed goes once it was done, as passwords do. */
  clears?: boolean;
  children: ComponentChildren;
}

export function Change({ submit, named, onSubmit, clears = false, children }: ChangeProps) {
  const texts = useTexts();
  const { sentence } = useWords();
  const form = useRef<HTMLFormElement>(null);
  const outcome = useSignal<Problem | string>("");
  const problem = typeof outcome.value === "string" ? null : outcome.value;

  const [send, busy] = useOnce(async () => {
    outcome.value = "";
    outcome.value = await onSubmit(Object.fromEntries(new FormData(form.current!)) as Record<string, string>);
    if (clears && typeof outcome.value === "string") form.current!.reset();
  });

  function said(of: Problem): string {
    return of.code === "INVALID_CREDENTIALS" ? texts.wrongPassword : sentence(of);
  }

  const field = problem?.field?.at(-1);
  useEffect(() => {
    for (const input of form.current!.querySelectorAll("input")) input.ariaInvalid = String(input.name === field);
    if (problem) form.current!.querySelector<HTMLElement>(`[name="${field}"]`)?.focus();
  }, [problem]);

  return (
    <form
      class="change"
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {children}
      <p>
        <button aria-disabled={busy} aria-label={named}>{submit}</button>
      </p>
      <p role="alert" class="problem">{problem && said(problem)}</p>
      <p role="status">{typeof outcome.value === "string" && outcome.value}</p>
    </form>
  );
}
