// Stops `npm install` at the root, which would install half of a pnpm workspace.
if (!process.env.npm_config_user_agent?.startsWith('pnpm/')) {
  console.error(
    'This workspace is installed by pnpm. Run "npm test" or "npm start": they install it with the pinned pnpm.',
  );
  process.exit(1);
}
