// An authorization server by oidc-provider, with its default adapter: one process, whose memory is its database.

import { createPrivateKey } from "node:crypto";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { AUDIENCE, CLIENTS, ISSUER, PORT, REDIRECT_URI, SIGNING_KEY } = process.env;
const PERSON = "bench";
const { machine, ...others } = JSON.parse(CLIENTS);

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: machine.id,
      client_secret: machine.secret,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
    },
    ...Object.values(others).map(({ id, secret }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [REDIRECT_URI],
    })),
  ],
  cookies: { keys: ["bench"] },
  jwks: { keys: [{ ...createPrivateKey(SIGNING_KEY).export({ format: "jwk" }), alg: "RS256", use: "sig" }] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => AUDIENCE,
      getResourceServerInfo: () => ({
        scope: "read",
        audience: AUDIENCE,
        accessTokenTTL: 600,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
      useGrantedResource: () => true,
    },
  },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: () => true,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, ClientCredentials: 600, RefreshToken: 30 * 24 * 3600, Grant: 30 * 24 * 3600 },
});

// The person is signed in and asked nothing, as at a company's own client.
async function interact(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: PERSON, clientId: params.client_id });
  grant.addResourceScope(AUDIENCE, "read");
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId: PERSON }, consent });
}

const answer = provider.callback();
createServer((request, response) =>
  request.url.startsWith("/interaction/") ? interact(request, response) : answer(request, response),
).listen(Number(PORT), "127.0.0.1");
