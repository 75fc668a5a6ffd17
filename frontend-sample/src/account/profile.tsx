// Who the viewer is: their name, their address and their password.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { graphql, type Problem, problemFields, type ResultOf } from "../api/graphql.ts";
import { sessionFields } from "../api/viewer.ts";
import { Alert } from "../ui/controls.tsx";
import { Field } from "../ui/form.tsx";
import { useAnswer, usePage, useWords } from "../ui/page.ts";
import { Change } from "./change.tsx";
import { useTexts } from "./texts.ts";

const meFields = graphql(`fragment MeFields on User { id name email emailVerified pendingEmail }`);

const ReadMe = graphql(`query Profile { me { ...MeFields } }`, [meFields]);

const Rename = graphql(
  `mutation Rename($input: ProfileInput!) { updateProfile(input: $input) { __typename ...MeFields ...ProblemFields } }`,
  [meFields, problemFields],
);

const ChangeEmail = graphql(
  `mutation ChangeEmail($input: ChangeEmailInput!) { changeEmail(input: $input) { __typename ...MeFields ...ProblemFields } }`,
  [meFields, problemFields],
);

const ChangePassword = graphql(
  `mutation ChangePassword($current: String!, $new: String!) {
    changePassword(current: $current, new: $new) { __typename ...SessionFields ...ProblemFields }
  }`,
  [sessionFields, problemFields],
);

type Me = ResultOf<typeof meFields>;

export function Profile({ onSent }: { onSent: () => void }) {
  const texts = useTexts();
  const [me, read] = useAnswer(ReadMe, {});

  /** What is known of the viewer is another now, and their owner is told of most of it by mail. */
  function onChanged(): void {
    read();
    onSent();
  }

  return (
    <section class="card">
      <h3>{texts.profile}</h3>
      <Alert problem={me?.problem ?? null} />
      {me?.answer && (
        <>
          <Name me={me.answer} />
          <Address me={me.answer} onChanged={onChanged} />
          <Password onChanged={onChanged} />
        </>
      )}
    </section>
  );
}

function Name({ me }: { me: Me }) {
  const texts = useTexts();
  const { t } = useWords();
  const { ask, tokens } = usePage();

  async function rename({ name = "" }: Record<string, string>): Promise<Problem | string> {
    const { answer, problem } = await ask(Rename, { input: { name } });
    if (answer) tokens.known(answer);
    return problem ?? texts.saved;
  }

  return (
    <Change submit={t.save} named={t.actionOn(t.save, t.name)} onSubmit={rename}>
      <Field label={t.name} name="name" autocomplete="name" maxLength={255} defaultValue={me.name} />
    </Change>
  );
}

function Address({ me, onChanged }: { me: Me; onChanged: () => void }) {
  const texts = useTexts();
  const { t } = useWords();
  const { ask, tokens } = usePage();

  async function move({ email = "", password = "" }: Record<string, string>): Promise<Problem | string> {
    const { answer, problem } = await ask(ChangeEmail, { input: { email, password } });
    if (problem) return problem;
    tokens.known(answer);
    onChanged();
    if (answer.pendingEmail) return texts.emailSent(answer.pendingEmail);
    return answer.email === me.email ? texts.emailKept : texts.emailChanged;
  }

  return (
    <>
      <p class="address">{texts.emailIs(me.email)}</p>
      {me.pendingEmail && <p class="hint">{texts.emailPending(me.pendingEmail)}</p>}
      <Fold title={texts.changeEmail}>
        <Change submit={texts.changeEmail} clears onSubmit={move}>
          <Field label={texts.newEmail} name="email" type="email" autocomplete="email" maxLength={254} />
          <Field label={t.password} name="password" type="password" autocomplete="current-password" />
        </Change>
      </Fold>
    </>
  );
}

function Password({ onChanged }: { onChanged: () => void }) {
  const texts = useTexts();
  const { t } = useWords();
  const { ask, tokens } = usePage();

  async function change({ current = "", new: chosen = "" }: Record<string, string>): Promise<Problem | string> {
    const { answer, problem } = await ask(ChangePassword, { current, new: chosen });
    if (problem) return problem;
    tokens.begin(answer);
    onChanged();
    return texts.passwordChanged;
  }

  return (
    <Fold title={texts.changePassword}>
      <Change submit={texts.changePassword} clears onSubmit={change}>
        <Field label={texts.currentPassword} name="current" type="password" autocomplete="current-password" />
        <Field
          label={texts.newPassword}
          name="new"
          type="password"
          autocomplete="new-password"
          hint={t.passwordHint}
          minLength={12}
          maxLength={128}
        />
      </Change>
    </Fold>
  );
}

/** What is folded is not there: password managers fill in all that is. */
function Fold({ title, children }: { title: string; children: ComponentChildren }) {
  const isOpen = useSignal(false);
  return (
    <details onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen.value && children}
    </details>
  );
}
