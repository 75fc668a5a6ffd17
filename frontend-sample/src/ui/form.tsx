// A form that says what is wrong where it is wrong, and lets nobody send twice.

import { useSignal } from "@preact/signals";
import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import { Alert } from "./controls.tsx";
import { useWords } from "./page.ts";

interface FormProps {
  title: string;
  lead?: string | undefined;
  submit: string;
  /** Do what the form is for; return what is the matter, if anything is. */
  onSubmit: (values: Record<string, string>) => Promise<Problem | null>;
  children: ComponentChildren;
  footer?: ComponentChildren;
}

export function Form({ title, lead, submit, onSubmit, children, footer }: FormProps) {
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(false);
  const form = useRef<HTMLFormElement>(null);

  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    problem.value = await onSubmit(Object.fromEntries(new FormData(form.current!)) as Record<string, string>);
    busy.value = false;
  }

  const field = problem.value?.field?.at(-1);
  useEffect(() => {
    if (!problem.value || !form.current) return;
    for (const input of form.current.querySelectorAll("input")) input.ariaInvalid = String(input.name === field);
    (form.current.querySelector<HTMLElement>(`[name="${field}"]`) ?? form.current.querySelector("input"))?.focus();
  }, [problem.value]);

  return (
    <form class="card form" ref={form} onSubmit={send}>
      <h1 tabIndex={-1}>{title}</h1>
      {lead && <p>{lead}</p>}
      <Alert problem={problem.value} />
      {children}
      <button class="primary" aria-disabled={busy.value}>{submit}</button>
      {footer && <p class="footer">{footer}</p>}
    </form>
  );
}

/** `problem` is what is wrong with what stands in it now, if anything is. */
type FieldProps = InputHTMLAttributes & { label: string; name: string; hint?: string; problem?: string | undefined };

export function Field({ label, hint, problem, ...input }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} required aria-describedby={described || undefined} aria-invalid={problem ? "true" : undefined} {...input} />
      {hint && (
        <small id={`${id}-hint`} class="hint">{hint}</small>
      )}
      {problem && (
        <small id={`${id}-problem`} class="problem">{problem}</small>
      )}
    </div>
  );
}

export function NewPassword({ name }: { name: string }) {
  const { t } = useWords();
  const length = { minLength: 12, maxLength: 128 };
  return <Field label={t.password} name={name} type="password" autocomplete="new-password" hint={t.passwordHint} {...length} />;
}

interface SelectProps {
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  choose: (value: string) => void;
}

export function Select({ label, value, options, choose }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>{text}</option>
        ))}
      </select>
    </div>
  );
}
