/**
 * What a TLS error says of the server's certificate, one clause; undefined for other errors. Codes: Node's `tls`,
 * "X509 certificate error codes".
 */
export function certificateFault(code: string): string | undefined {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return "the server's certificate has expired, or this machine's clock is wrong";
    case 'CERT_NOT_YET_VALID':
      return "the server's certificate is not valid yet, or this machine's clock is wrong";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return "the server's certificate is for another host name";
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_UNTRUSTED':
      return "the server's certificate is not signed by anyone trusted here (a proxy that reads along, or a private server: --ca FILE for its certificate)";
    default:
      return /^(CERT_|CRL_|ERR_TLS_CERT_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|UNABLE_TO_(GET|DECRYPT|DECODE)_|ERROR_IN_CERT_)/.test(
        code,
      )
        ? `the server's certificate is not accepted (${code})`
        : undefined;
  }
}
