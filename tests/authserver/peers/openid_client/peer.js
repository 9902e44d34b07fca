// openid-client as an app. Each line of its input is an act in JSON, and each line of its output is what came of it.

import { createInterface } from "node:readline";
import * as openid from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, AUTHENTICATION } = process.env;

const config = await openid.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  undefined,
  openid[AUTHENTICATION](CLIENT_SECRET),
  // the server of the tests has no TLS, and signatures are verified although the token endpoint was asked directly
  { execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks] },
);

const withClaims = (tokens) => ({ ...tokens, claims: tokens.claims() });

const acts = {
  async begin({ parameters }) {
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const nonce = openid.randomNonce();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state,
      nonce,
      ...parameters,
    });
    return { url: url.href, verifier, state, nonce };
  },
  async finish({ answer, form, verifier, state, nonce, max_age }) {
    const came = form
      ? new Request(REDIRECT_URI, { method: "POST", body: new URLSearchParams(form) })
      : new URL(answer);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: max_age };
    return withClaims(await openid.authorizationCodeGrant(config, came, { ...checks, idTokenExpected: true }));
  },
  refresh: async ({ token }) => withClaims(await openid.refreshTokenGrant(config, token)),
  credentials: ({ parameters }) => openid.clientCredentialsGrant(config, parameters),
  userinfo: ({ token, sub }) => openid.fetchUserInfo(config, token, sub),
  introspect: ({ token }) => openid.tokenIntrospection(config, token),
  revoke: async ({ token }) => ({ revoked: (await openid.tokenRevocation(config, token)) === undefined }),
  sign_out: ({ parameters }) => ({ url: openid.buildEndSessionUrl(config, parameters).href }),
  device: ({ parameters }) => openid.initiateDeviceAuthorization(config, parameters),
  poll: async ({ device }) => withClaims(await openid.pollDeviceAuthorizationGrant(config, device)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { act, ...given } = JSON.parse(line);
  let said;
  try {
    said = { result: await acts[act](given) };
  } catch (refused) {
    const causes = [refused, refused.cause].filter((one) => one instanceof Error);
    said = { refused: causes.map((one) => `${one.error ?? one.code ?? one.name}: ${one.message}`).join("; ") };
  }
  console.log(JSON.stringify(said));
}
