import { useSignal } from "@preact/signals";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { ActionButton, Alert, Link } from "../ui/controls.tsx";
import { Form } from "../ui/form.tsx";
import { usePage, useStore, useWords } from "../ui/page.ts";

const VerifyEmail = graphql(
  `mutation VerifyEmail($token: String!) {
    verifyEmail(token: $token) { __typename ... on EmailVerified { email } ...ProblemFields }
  }`,
  [problemFields],
);

const ResendVerification = graphql(
  `mutation ResendVerification { resendVerification { __typename ...ProblemFields } }`,
  [problemFields],
);

/** Where the link of the mail leads. A click confirms, not the page itself: whoever looks mails through opens their links. */
export function VerifyEmailScreen() {
  const { t } = useWords();
  const { ask, tokens, go } = usePage();
  const verified = useSignal<string | null>(null);
  const token = new URLSearchParams(location.hash.slice(1)).get("token");

  async function submit(): Promise<Problem | null> {
    if (verified.value !== null) {
      go("/");
      return null;
    }
    const { answer, problem } = await ask(VerifyEmail, { token: token ?? "" });
    if (problem) return problem;
    verified.value = answer.email;
    tokens.confirmed(answer.email);
    return null;
  }

  return (
    <Form
      title={t.verifyEmail}
      lead={token ? t.verifyEmailHint : t.linkBroken}
      submit={verified.value === null ? t.verifyEmail : t.goOn}
      onSubmit={submit}
      footer={<Link to="/">FIAP X</Link>}
    >
      <p role="status">{verified.value !== null && t.verified(verified.value)}</p>
    </Form>
  );
}

/** Says that nothing is sent to the viewer yet, and sends the link again. */
export function Unverified() {
  const { t } = useWords();
  const { ask } = usePage();
  const user = useStore(({ session }) => session.user);
  const problem = useSignal<Problem | null>(null);
  const sent = useSignal(false);
  // A session that was kept by a former version of this page does not know.
  if (user?.emailVerified !== false) return null;

  async function again(): Promise<void> {
    const outcome = await ask(ResendVerification, {});
    problem.value = outcome.problem;
    sent.value = outcome.problem === null;
  }

  return (
    <section class="card">
      <p>{t.unverified(user.email)}</p>
      <ActionButton onAction={again}>{t.resendVerification}</ActionButton>
      <p role="status">{sent.value && t.verificationSent}</p>
      <Alert problem={problem.value} />
    </section>
  );
}
