/**
 * Ports that nobody listens on, all different. Another process may take one before it is used: the
 * kernel hands out others first, so that is rare.
 */
export function freePorts(count: number): number[] {
  const servers = Array.from({ length: count }, () =>
    Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } }),
  );
  const ports = servers.map((server) => server.port);
  for (const server of servers) server.stop(true);
  return ports;
}
