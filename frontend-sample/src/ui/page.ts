// What components know of the page.

import { useComputed, useSignal } from "@preact/signals";
import type { AnyVariables } from "@urql/core";
import type { TadaDocumentNode } from "gql.tada";
import { createContext } from "preact";
import { useContext, useEffect } from "preact/hooks";
import type { AnswerIn, Outcome } from "../api/problem.ts";
import type { Page } from "../effects/page.ts";
import type { State } from "../state/page.ts";
import type { Words } from "../texts/words.ts";

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  return useContext(PageContext)!;
}

/** A part of the state: the component is drawn anew when that part is another, and not by every event. */
export function useStore<Part>(part: (state: State) => Part): Part {
  const { store } = usePage();
  return useComputed(() => part(store.state.value)).value;
}

export function useWords(): Words {
  return usePage().words.value;
}

/** Sign out, once it was agreed that uploads stop; where none are under way, once the caller's own question was, if it has one. */
export function useSignOut(): (question?: string) => Promise<void> {
  const { list, tokens, uploads } = usePage();
  const { leaveUploads } = useWords().t;
  return async (question) => {
    const asked = uploads.isBusy() ? leaveUploads : question;
    if (asked && !confirm(asked)) return;
    await list.removeAll();
    tokens.end();
  };
}

/** Ask when a component appears, and again whenever the returned function is called; null until there is an answer. */
export function useAnswer<Data extends object, Variables extends AnyVariables>(
  document: TadaDocumentNode<Data, Variables>, variables: Variables,
): [Outcome<AnswerIn<Data>> | null, () => void] {
  const { ask } = usePage();
  const outcome = useSignal<Outcome<AnswerIn<Data>> | null>(null);
  const read = async (): Promise<void> => void (outcome.value = await ask(document, variables));
  useEffect(() => void read(), []);
  return [outcome.value, read];
}
