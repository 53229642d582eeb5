# One image, six processes: the command names the part (`gateway`, `accounts`, …).
FROM node:20.20-bookworm-slim AS build
WORKDIR /souk
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node ops/build.mjs && npm prune --omit=dev

FROM node:20.20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /souk
COPY --from=build /souk/package.json ./
COPY --from=build /souk/node_modules ./node_modules
COPY --from=build /souk/dist ./dist
COPY --from=build /souk/schema ./schema
COPY --from=build /souk/gateway/graphiql ./gateway/graphiql
RUN mkdir /data && chown node /data
USER node
VOLUME /data
# Node as process 1 gets the signals itself; a shell in between would swallow SIGTERM.
ENTRYPOINT ["node", "--enable-source-maps", "dist/main.js"]
CMD ["gateway"]
