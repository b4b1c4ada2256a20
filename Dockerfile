FROM node:20.19-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# .npmrc keeps npm silent; what goes wrong here must be seen.
RUN npm ci --no-audit --no-fund --loglevel=error
COPY . .
RUN npm run build --loglevel=error && npm prune --omit=dev --no-audit --no-fund --loglevel=error

FROM node:20.19-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production VM_REJUV_CONFIG=/etc/vm-rejuv/vm-rejuv.yaml
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
ENTRYPOINT ["node", "dist/cli/main.js"]
