/** What etcd's own access control (`etcdctl auth enable`) means for the program. Pure. */

/** Stands in a reason wherever a member refuses us for it. */
export const accessControlIsOn = "access control is on";

/** Whether an error of etcd's says that it does not let us. The texts are those of 3.5 to 3.7. */
export function isOfAccessControl(message: string): boolean {
  return /etcdserver: (permission denied|user name is empty|invalid auth token)/.test(message);
}

/** The same with what to type. With TLS we are who our certificate names. */
export function accessControlAdvice(tls: boolean): string {
  const etcdctl = "npm run etcdctl -- --user root";
  return tls
    ? `${accessControlIsOn} in etcd (auth enable), and operator, as our certificate is named, is ` +
        "no user with the role root there, which health needs to write its marker, and a change " +
        `of members to be allowed at all:\n    ${etcdctl} user add operator --no-password\n` +
        `    ${etcdctl} user grant-role operator root`
    : `${accessControlIsOn} in etcd (auth enable), and without TLS we have no name there: switch ` +
        `it off\n    ${etcdctl} auth disable`;
}
