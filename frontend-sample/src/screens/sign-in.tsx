import { useMutation } from "@urql/preact";
import { problemOf } from "../api/client.ts";
import { graphql, problemFields } from "../api/graphql.ts";
import * as session from "../api/session.ts";
import { Field, Form } from "../ui/form.tsx";
import { texts } from "../ui/language.ts";
import { Link } from "../ui/router.tsx";

const Login = graphql(
  `
    mutation Login($input: LoginInput!) {
      login(input: $input) {
        __typename
        ...SessionFields
        ...ProblemFields
      }
    }
  `,
  [session.sessionFields, problemFields],
);

/** Sign in; `again` where a session has ended and the page waits for the next one. */
export function SignIn({ again = false }: { again?: boolean }) {
  const t = texts.value;
  const [, login] = useMutation(Login);

  async function submit({ email = "", password = "" }: Record<string, string>) {
    const { data, error } = await login({ input: { email, password } });
    if (!data) return problemOf(error!);
    if (data.login.__typename === "Problem") return data.login;
    session.begin(data.login);
    return null;
  }

  return (
    <Form
      title={t.signIn}
      lead={again ? t.lapsed : t.tagline}
      submit={t.signIn}
      onSubmit={submit}
      footer={
        again ? (
          <button type="button" class="link" onClick={session.end}>
            {t.notYou}
          </button>
        ) : (
          <>
            {t.newHere} <Link to="/sign-up">{t.signUp}</Link>
            <br />
            <Link to="/forgot-password">{t.forgot}</Link>
          </>
        )
      }
    >
      <Field label={t.email} name="email" type="email" autocomplete="username" defaultValue={again ? session.user.value?.email : ""} />
      <Field label={t.password} name="password" type="password" autocomplete="current-password" />
    </Form>
  );
}
