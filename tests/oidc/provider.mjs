// A certified OpenID Connect provider (npm oidc-provider) on loopback, with the people and groups of the tests.
//
//   node provider.mjs MODULES '{"port":0,"redirect_uris":["http://127.0.0.1:5001/api/oidc/callback"]}'
//
// MODULES is the node_modules that has oidc-provider. It prints its issuer in one line once it answers. Anybody of
// `groups` signs in with any password. Its keys are new at each start, so that a restart is a rotation of keys.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const groups = {
  ada: ['staff', 'noc-admins'],
  bob: ['staff', 'noc-operators'],
  cleo: ['noc-viewers'],
  dan: ['staff'],
  eve: [],
};

const options = {
  port: 0,
  client_id: 'unoc',
  client_secret: 'a-secret-of-the-tests-and-of-nothing-else',
  token_endpoint_auth_method: 'client_secret_basic',
  redirect_uris: [],
  algorithm: 'RS256',
  // Whether groups are in the ID token, or only at the userinfo endpoint, as the specification prefers.
  claims_in_id_token: true,
  clock_offset_s: 0,
  ...JSON.parse(process.argv[3] ?? '{}'),
};

if (options.clock_offset_s !== 0) {
  const now = Date.now;
  Date.now = () => now() + options.clock_offset_s * 1000;
}

function key(type, parameters, alg) {
  const { privateKey } = generateKeyPairSync(type, parameters);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: randomUUID() };
}

// The client's own way of signing is the only one that a key is for.
const makeKey = {
  RS256: () => key('rsa', { modulusLength: 2048 }, 'RS256'),
  PS256: () => key('rsa', { modulusLength: 2048 }, 'PS256'),
  ES256: () => key('ec', { namedCurve: 'P-256' }, 'ES256'),
  ES384: () => key('ec', { namedCurve: 'P-384' }, 'ES384'),
  EdDSA: () => key('ed25519', {}, 'EdDSA'),
};

const { default: Provider } = await import(pathToFileURL(join(process.argv[2], 'oidc-provider/lib/index.js')));
const server = createServer();
await new Promise((resolve) => server.listen(options.port, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: options.client_id,
      client_secret: options.token_endpoint_auth_method === 'none' ? undefined : options.client_secret,
      token_endpoint_auth_method: options.token_endpoint_auth_method,
      redirect_uris: options.redirect_uris,
      id_token_signed_response_alg: options.algorithm,
    },
  ],
  jwks: { keys: [makeKey[options.algorithm]()] },
  enabledJWA: { idTokenSigningAlgValues: Object.keys(makeKey) },
  claims: {
    openid: ['sub'],
    profile: ['preferred_username', 'name'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  scopes: ['openid', 'profile', 'email', 'groups', 'offline_access'],
  conformIdTokenClaims: !options.claims_in_id_token,
  findAccount: (_, id) =>
    id in groups && {
      accountId: id,
      claims: () => ({
        sub: id,
        preferred_username: id,
        name: `${id} of the tests`,
        email: `${id}@example.org`,
        email_verified: true,
        groups: groups[id],
      }),
    },
  // Nobody is asked whether the site may know their groups.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope('openid profile email groups');
    await grant.save();
    return grant;
  },
  cookies: { keys: [randomUUID()] },
});
provider.on('server_error', (_, error) => console.error(error));
server.on('request', provider.callback());
console.log(issuer);
