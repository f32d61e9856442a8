/** The simulated broker's own account. */

/** The one account whose secrets are checked: public, for the simulator only. */
export const DEMO_ACCOUNT = {
  apiKey: 'demo0key',
  clientCode: 'DEMO1',
  pin: '2468',
  totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
} as const;

/** Environment variables of the account. */
export const DEMO_VARIABLES = `ANGEL_API_KEY=${DEMO_ACCOUNT.apiKey} ANGEL_CLIENT_ID=${DEMO_ACCOUNT.clientCode} ANGEL_PIN=${DEMO_ACCOUNT.pin} ANGEL_TOTP_SECRET=${DEMO_ACCOUNT.totpSecret}`;
