import { useSignal } from "@preact/signals";
import { useMutation } from "@urql/preact";
import { problemOf } from "../api/client.ts";
import { graphql } from "../api/graphql.ts";
import { Field, Form } from "../ui/form.tsx";
import { texts } from "../ui/language.ts";
import { Link } from "../ui/router.tsx";

const RequestPasswordReset = graphql(`
  mutation RequestPasswordReset($email: String!) {
    requestPasswordReset(email: $email)
  }
`);

export function ForgotPassword() {
  const t = texts.value;
  const asked = useSignal(false);
  const [, request] = useMutation(RequestPasswordReset);

  async function submit({ email = "" }: Record<string, string>) {
    asked.value = false;
    const { error } = await request({ email });
    if (error) return problemOf(error);
    asked.value = true;
    return null;
  }

  return (
    <Form title={t.forgot} lead={t.forgotHint} submit={t.sendLink} onSubmit={submit} footer={<Link to="/">{t.backToSignIn}</Link>}>
      <Field label={t.email} name="email" type="email" autocomplete="username" />
      <p role="status">{asked.value && t.linkSent}</p>
    </Form>
  );
}
