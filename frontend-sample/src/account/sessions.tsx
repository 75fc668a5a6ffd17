// Where the viewer is signed in, and an end for what should not be.

import { useSignal } from "@preact/signals";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { useAnswer, usePage, useSignOut, useWords } from "../ui/page.ts";
import { browserOf } from "./agent.ts";
import { Entries, Entry } from "./entries.tsx";
import { useTexts } from "./texts.ts";

const ReadSessions = graphql(`query Sessions { sessions { id current agent beganAt refreshedAt } }`);

const EndSession = graphql(
  `mutation EndSession($id: ID!) { endSession(id: $id) { __typename ...ProblemFields } }`,
  [problemFields],
);

type ActiveSession = ResultOf<typeof ReadSessions>["sessions"][number];

export function Sessions() {
  const texts = useTexts();
  const { t, moment } = useWords();
  const { ask } = usePage();
  const signOut = useSignOut();
  const problem = useSignal<Problem | null>(null);
  const ended = useSignal("");
  const [found, read] = useAnswer(ReadSessions, {});

  function nameOf({ agent }: ActiveSession): string {
    const known = agent ? browserOf(agent) : undefined;
    return known ? texts.on(known.browser, known.system) : (agent ?? texts.nameless);
  }

  async function end(session: ActiveSession): Promise<void> {
    if (session.current) return signOut(texts.endThisSure);
    if (!confirm(texts.endSure(nameOf(session)))) return;
    ({ problem: problem.value } = await ask(EndSession, { id: session.id }));
    ended.value = problem.value ? "" : texts.ended(nameOf(session));
    read();
  }

  return (
    <Entries
      title={texts.sessions}
      problem={problem.value ?? found?.problem ?? null}
      ended={ended.value}
      lines={found?.answer?.map((session) => (
        <Entry
          key={session.id}
          id={session.id}
          name={nameOf(session)}
          mark={session.current && texts.thisOne}
          facts={[
            session.beganAt && texts.signedIn(moment(session.beganAt)),
            session.refreshedAt && texts.lastActive(moment(session.refreshedAt)),
          ]}
          action={session.current ? t.signOut : texts.end}
          onAction={() => end(session)}
        />
      ))}
    />
  );
}
