# The image of Sluice: its compiled sources, what they load at run time, Node, and nothing else. How to run it stands in
# the README under "Container".

# ---- dist/, made by the compiler among the development dependencies
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
# Nothing at run time reads the source maps. What is left can be read by any user, whoever checked the sources out.
RUN npm run build && find dist -name '*.map' -delete && chmod -R a+rX dist

# ---- what dist/ loads; the optional packages are a Node for machines without one
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# ---- the image
FROM node:24-slim
ENV NODE_ENV=production PORT=4000 SLUICE_DATA_DIR=/data
WORKDIR /app
RUN install --directory --owner=node --group=node --mode=700 /data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --chmod=644 package.json LICENSE scripts/healthcheck.mjs ./
# By number, so that a cluster that allows no root can tell: this is the user "node" of the base image.
USER 1000:1000
# The admin key, the secret and the embedded database, where the environment names no others. Nothing else is written.
VOLUME /data
EXPOSE 4000
# Over http or https, whichever it speaks.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "healthcheck.mjs"]
# No shell in between: signals reach the server, which finishes what runs. With the argument "migrate" it brings the
# database to its version and ends.
ENTRYPOINT ["node", "dist/main.js"]
