import { useSignal } from "@preact/signals";
import { useMutation } from "@urql/preact";
import { problemIn, problemOf } from "../api/client.ts";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import * as session from "../api/session.ts";
import { ActionButton } from "../ui/action.tsx";
import { Form } from "../ui/form.tsx";
import { sentence, texts } from "../ui/language.ts";
import { go, Link } from "../ui/router.tsx";

const VerifyEmail = graphql(
  `
    mutation VerifyEmail($token: String!) {
      verifyEmail(token: $token) {
        __typename
        ... on EmailVerified {
          email
        }
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

const ResendVerification = graphql(
  `
    mutation ResendVerification {
      resendVerification {
        __typename
        ...ProblemFields
      }
    }
  `,
  [problemFields],
);

/** Where the link of the mail leads. A click confirms, not the page itself: whoever looks mails through opens their links. */
export function VerifyEmailScreen() {
  const t = texts.value;
  const [, verify] = useMutation(VerifyEmail);
  const verified = useSignal<string | null>(null);
  const token = new URLSearchParams(location.hash.slice(1)).get("token");

  async function submit(): Promise<Problem | null> {
    if (verified.value !== null) {
      go("/");
      return null;
    }
    const { data, error } = await verify({ token: token ?? "" });
    if (!data) return problemOf(error!);
    if (data.verifyEmail.__typename === "Problem") return data.verifyEmail;
    verified.value = data.verifyEmail.email;
    session.confirmed(data.verifyEmail.email);
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
  const t = texts.value;
  const user = session.user.value;
  const problem = useSignal<Problem | null>(null);
  const sent = useSignal(false);
  const [, resend] = useMutation(ResendVerification);
  // A session that was kept by a former version of this page does not know.
  if (user?.emailVerified !== false) return null;

  async function again(): Promise<void> {
    const { data, error } = await resend({});
    problem.value = problemIn(data?.resendVerification, error);
    sent.value = problem.value === null;
  }

  return (
    <section class="card">
      <p>{t.unverified(user.email)}</p>
      <ActionButton onAction={again}>{t.resendVerification}</ActionButton>
      <p role="status">{sent.value && t.verificationSent}</p>
      <p role="alert" class="problem">
        {problem.value && sentence(problem.value)}
      </p>
    </section>
  );
}
