// What the parts of the operators' page have in common: reading again and again, and doing something.

import { useSignal } from "@preact/signals";
import type { AnyVariables } from "@urql/core";
import type { TadaDocumentNode } from "gql.tada";
import { createContext } from "preact";
import { useContext, useEffect } from "preact/hooks";
import { graphql, type Problem } from "../api/graphql.ts";
import type { AnswerIn, Outcome } from "../api/problem.ts";
import { usePage } from "../ui/page.ts";

/** Milliseconds. */
const POLL = 2000;

export const doneFields = graphql(`fragment DoneFields on Done { id count }`);

export interface Board {
  /** How often something was done here: whoever shows what that may have changed reads it again. */
  readonly deeds: number;
  /** Do something and say how it went; return what is the matter, if anything is. */
  readonly act: (step: () => Promise<Outcome<{ count: number }>>) => Promise<Problem | null>;
}

export const BoardContext = createContext<Board | null>(null);

export function useBoard(): Board {
  return useContext(BoardContext)!;
}

export interface Read<Answer> {
  /** The last answer that there was. */
  readonly answer: Answer | null;
  /** Why there was none last time. */
  readonly problem: Problem | null;
}

/** Read at first, when something was done, and where it is polled every two seconds while somebody looks. */
export function useReading<Data extends object, Variables extends AnyVariables>(
  document: TadaDocumentNode<Data, Variables>,
  variables: Variables,
  { polled = false } = {},
): Read<AnswerIn<Data>> {
  const { ask } = usePage();
  const { deeds } = useBoard();
  const read = useSignal<Read<AnswerIn<Data>>>({ answer: null, problem: null });
  useEffect(() => {
    let over = false;
    let busy = false;
    async function next(): Promise<void> {
      if (busy || over) return;
      busy = true;
      const { answer, problem } = await ask(document, variables);
      busy = false;
      if (!over) read.value = { answer: problem ? read.peek().answer : answer, problem };
    }
    const look = (): void => void (globalThis.document.visibilityState === "visible" && next());
    void next();
    const timer = polled ? setInterval(look, POLL) : undefined;
    if (polled) globalThis.document.addEventListener("visibilitychange", look);
    return () => {
      over = true;
      clearInterval(timer);
      globalThis.document.removeEventListener("visibilitychange", look);
    };
  }, [deeds, JSON.stringify(variables)]);
  return read.value;
}
