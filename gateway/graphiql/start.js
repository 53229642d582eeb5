/**
 * Starts GraphiQL on this gateway. Queries and mutations go by POST, subscriptions over a WebSocket of their own. The page
 * keeps the session of the last login, register or refreshSession and sends it with everything that has no authorization
 * of its own in the headers editor.
 */
import { createClient } from '/graphiql/client.js';

const { React, ReactDOM, GraphiQL } = window;
const socketUrl = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`;
// Without incremental delivery, which the graph does not offer, it gives a plain result.
const post = GraphiQL.createFetcher({ url: '/graphql', enableIncrementalDelivery: false });
const tabs = await (await fetch('/graphiql/tabs.json')).json();

let session;

function withSession(headers = {}) {
  const given = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  return given || !session ? headers : { ...headers, authorization: `Bearer ${session}` };
}

/** Mutations that begin or end a session say so in their payload. */
function keepSession(data) {
  for (const payload of Object.values(data ?? {})) {
    if (payload?.session?.accessToken) session = payload.session.accessToken;
  }
  if (data && ('logout' in data || 'logoutEverywhere' in data)) session = undefined;
}

function isSubscription(document, operationName) {
  const operations = document?.definitions.filter(({ kind }) => kind === 'OperationDefinition') ?? [];
  const operation = operationName ? operations.find(({ name }) => name?.value === operationName) : operations[0];
  return operation?.operation === 'subscription';
}

function subscribe(request, headers) {
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  const client = createClient({
    url: socketUrl,
    connectionParams: authorization ? { authorization } : {},
    retryAttempts: 0,
  });
  return client.iterate(request);
}

async function fetcher(request, options = {}) {
  const headers = withSession(options.headers);
  if (isSubscription(options.documentAST, request.operationName)) return subscribe(request, headers);
  const result = await post(request, { ...options, headers });
  keepSession(result?.data);
  return result;
}

ReactDOM.createRoot(document.getElementById('graphiql')).render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultTabs: tabs,
    defaultEditorToolsVisibility: 'variables',
    shouldPersistHeaders: false,
  }),
);
