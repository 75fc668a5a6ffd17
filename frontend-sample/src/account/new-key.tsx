// A new key for a program, which is shown once.

import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { useOnce } from "../ui/controls.tsx";
import { Field, Select } from "../ui/form.tsx";
import { usePage, useWords } from "../ui/page.ts";
import { Secret } from "./secret.tsx";
import { useTexts } from "./texts.ts";

const CreateApiKey = graphql(
  `mutation CreateApiKey($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
    createApiKey(name: $name, scopes: $scopes, expiresAt: $expiresAt) {
      __typename ... on NewApiKey { secret key { id name } } ...ProblemFields
    }
  }`,
  [problemFields],
);

export type Made = Extract<ResultOf<typeof CreateApiKey>["createApiKey"], { __typename: "NewApiKey" }>;
type Scope = ReturnType<typeof graphql.scalar<"Scope">>;

export const SCOPES: readonly Scope[] = ["READ", "UPLOAD", "DELETE"];

const DAYS = [30, 90, 365, 0] as const;
const DAY = 86_400_000;

const expiryIn = (days: number): string | null => (days ? new Date(Date.now() + days * DAY).toISOString() : null);

export function NewKey({ made, onMade }: { made: Signal<Made | null>; onMade: () => void }) {
  const texts = useTexts();
  const { t } = useWords();
  const { ask } = usePage();
  const problem = useSignal<Problem | null>(null);
  const days = useSignal("90");
  const fold = useRef<HTMLDetailsElement>(null);

  const [create, busy] = useOnce(async (form: HTMLFormElement) => {
    const values = new FormData(form);
    made.value = problem.value = null;
    const { answer, problem: wrong } = await ask(CreateApiKey, {
      name: values.get("name") as string,
      scopes: values.getAll("scopes") as Scope[],
      expiresAt: expiryIn(Number(days.value)),
    });
    problem.value = wrong;
    made.value = answer;
    if (answer) {
      form.reset();
      fold.current!.open = false;
    }
    // Also where the answer was lost: there may be one that nobody will ever use.
    onMade();
  });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void create(event.currentTarget as HTMLFormElement);
  }

  return (
    <>
      <details ref={fold}>
        <summary>{texts.newKey}</summary>
        <form class="new-key" onSubmit={submit}>
          <Field
            label={t.name}
            name="name"
            hint={texts.nameHint}
            maxLength={100}
            autocomplete="off"
            aria-invalid={problem.value?.field?.at(-1) === "name"}
          />
          <fieldset>
            <legend>{texts.scopes}</legend>
            {SCOPES.map((scope) => (
              <label key={scope} class="choice">
                <input type="checkbox" name="scopes" value={scope} />
                {texts.scope[scope]}
              </label>
            ))}
          </fieldset>
          <Select
            label={texts.expires}
            value={days.value}
            options={DAYS.map((number) => [String(number), texts.expiry[number]])}
            choose={(chosen) => (days.value = chosen)}
          />
          <Refusal problem={problem.value} />
          <p>
            <button class="primary" aria-disabled={busy}>{texts.create}</button>
          </p>
        </form>
      </details>
      {made.value && (
        <Secret key={made.value.key.id} secret={made.value.secret}>{texts.shownOnce(made.value.key.name)}</Secret>
      )}
    </>
  );
}

/** Says what is the matter; keys have names, scopes and a number of their own. */
function Refusal({ problem }: { problem: Problem | null }) {
  const texts = useTexts();
  const { sentence } = useWords();

  function said(of: Problem): string {
    if (of.code === "QUOTA_EXCEEDED") return texts.tooMany;
    return (of.code === "INVALID_INPUT" && texts.invalid[of.field?.at(-1) ?? ""]) || sentence(of);
  }

  return <p role="alert" class="problem">{problem && said(problem)}</p>;
}
