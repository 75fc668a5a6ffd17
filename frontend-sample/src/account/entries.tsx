// A card that lists what the viewer may end, line by line.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import { ActionButton, Alert } from "../ui/controls.tsx";
import { keepFocus } from "../ui/focus.ts";
import { useWords } from "../ui/page.ts";

interface EntriesProps {
  title: string;
  problem: Problem | null;
  /** What was ended last, as a sentence. */
  ended: string;
  lines: ComponentChildren;
  /** What stands above the list. */
  children?: ComponentChildren;
}

export function Entries({ title, problem, ended, lines, children }: EntriesProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => keepFocus(list.current!, () => heading.current), []);
  return (
    <section class="card">
      <h3 ref={heading} tabIndex={-1}>{title}</h3>
      {children}
      <Alert problem={problem} />
      <p role="status">{ended}</p>
      <ul class="entries" ref={list}>{lines}</ul>
    </section>
  );
}

interface EntryProps {
  id: string;
  name: string;
  /** What tells it from others of the same name. */
  mark?: string | false;
  facts: readonly (string | false | null)[];
  action: string;
  onAction: () => unknown;
}

export function Entry({ id, name, mark, facts, action, onAction }: EntryProps) {
  const { t } = useWords();
  return (
    <li>
      <span>
        <strong>{name}</strong> {mark && <span class="mark">({mark})</span>}
        <span class="hint facts" id={id}>
          {facts.filter((fact) => fact).map((fact) => (
            <span key={fact}>{fact} </span>
          ))}
        </span>
      </span>
      <ActionButton aria-label={t.actionOn(action, name)} aria-describedby={id} onAction={onAction}>{action}</ActionButton>
    </li>
  );
}
