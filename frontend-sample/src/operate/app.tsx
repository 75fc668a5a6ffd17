// The operators' page: who is here, and the parts of it.

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import type { Page } from "../effects/page.ts";
import { Login } from "../screens/sign-in.tsx";
import { spoken } from "../state/page.ts";
import { Field, Form } from "../ui/form.tsx";
import { LanguageSelect } from "../ui/language.tsx";
import { PageContext, usePage, useStore, useWords } from "../ui/page.ts";
import { AuditLog } from "./audit.tsx";
import { type Board, BoardContext, useReading } from "./board.ts";
import { Failures } from "./failures.tsx";
import { ReadOverview } from "./overview.ts";
import { Refusal } from "./refusal.tsx";
import { Running } from "./running.tsx";
import { useTexts } from "./texts.ts";
import { Users } from "./users.tsx";
import { Work, Workers } from "./work.tsx";

export function Operate({ page }: { page: Page }) {
  return (
    <PageContext.Provider value={page}>
      <Screen />
    </PageContext.Provider>
  );
}

function Screen() {
  const { title } = useTexts();
  const user = useStore(({ session }) => session.user);
  const isExpired = useStore(({ session }) => session.isExpired);
  const said = useStore((state) => state.said);
  useEffect(() => void (document.title = `${title} · FIAP X`), [title]);
  return (
    <>
      <Head />
      <main class="operate">{user && !isExpired ? <Everything key={user.id} /> : <SignInHere />}</main>
      <p role="status" class="unseen">
        <span key={said.number}>{said.text}</span>
      </p>
    </>
  );
}

function Head() {
  const { t } = useWords();
  const { tokens } = usePage();
  const user = useStore(({ session }) => session.user);
  return (
    <header class="head">
      <a class="logo" href="/">
        FIAP X
      </a>
      <span class="space" />
      <LanguageSelect />
      {user && (
        <>
          <span class="who">{user.name}</span>
          <button type="button" onClick={tokens.end}>{t.signOut}</button>
        </>
      )}
    </header>
  );
}

function SignInHere() {
  const { t } = useWords();
  const { signInFirst } = useTexts();
  const { ask, tokens } = usePage();

  async function submit({ email = "", password = "" }: Record<string, string>): Promise<Problem | null> {
    const { answer, problem } = await ask(Login, { input: { email, password } });
    if (answer) tokens.begin(answer);
    return problem;
  }

  return (
    <Form title={t.signIn} lead={signInFirst} submit={t.signIn} onSubmit={submit}>
      <Field label={t.email} name="email" type="email" autocomplete="username" />
      <Field label={t.password} name="password" type="password" autocomplete="current-password" />
    </Form>
  );
}

/** All that can be done here, and how it went. */
function useDeeds(): Board {
  const { store } = usePage();
  const texts = useTexts();
  const deeds = useSignal(0);
  const act: Board["act"] = async (step) => {
    const { answer, problem } = await step();
    if (answer) store.part("said").change(spoken, texts.doneWith(answer.count));
    deeds.value += 1;
    return problem;
  };
  return { deeds: useComputed(() => deeds.value).value, act };
}

function Everything() {
  const board = useDeeds();
  return (
    <BoardContext.Provider value={board}>
      <Parts />
    </BoardContext.Provider>
  );
}

function Parts() {
  const { title } = useTexts();
  const { answer, problem } = useReading(ReadOverview, {}, { polled: true });
  return (
    <>
      <h1 tabIndex={-1}>{title}</h1>
      <Refusal problem={problem} />
      {answer && (
        <>
          <Work overview={answer} />
          <Workers workers={answer.workers} />
          <Running />
          <Failures counts={answer.failures} />
          <Users paused={answer.pausedUsers} />
          <AuditLog />
        </>
      )}
    </>
  );
}
