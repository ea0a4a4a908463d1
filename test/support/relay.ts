import { connect, createServer, type Socket } from "node:net";

/**
 * What becomes of a request: `pass`; `delay`: its answer is late; `drop`: it goes through, and the connection is
 * cut instead of an answer; `stall`: it goes through, and no answer comes; `cut`: the connection is cut before it
 * goes through; `late`: it goes through late, even when whoever sent it has given up by then.
 */
export type Course = "pass" | "delay" | "drop" | "stall" | "cut" | "late";

export interface Relay {
  readonly port: number;
  /** Requests that were sent: each is one round trip, however many packets it took. */
  readonly exchanges: number;
  /** Bytes of requests, and of their answers. */
  readonly sent: number;
  readonly received: number;
  /** For every request from now on; or for each by its first packet, for which it is called once. */
  mode: Course | ((packet: Buffer) => Course);
  /** How late is `delay` and `late`, milliseconds. @default 100 */
  lateBy: () => number;
  /** Resolves when every request that is held back now has come and was answered. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * How many requests followed one another, over all relays that share it: one that was sent before another was
 * answered went side by side with it. Set `done` to 0 to count anew.
 */
export interface Rounds {
  done: number;
}

/**
 * A TCP relay to a port of 127.0.0.1, for protocols of requests and answers: counts them, delays, loses and
 * cuts them off on request. What a connection sends before it was answered is one request.
 */
export async function startRelay(to: number, rounds: Rounds = { done: 0 }): Promise<Relay> {
  const sockets = new Set<Socket>();
  const pending = new Set<Promise<void>>();
  const counted = { exchanges: 0, sent: 0, received: 0 };
  const state: Pick<Relay, "mode" | "lateBy"> & typeof counted = {
    mode: "pass",
    lateBy: () => 100,
    ...counted,
  };

  function courseOf(packet: Buffer): Course {
    state.exchanges++;
    return typeof state.mode === "function" ? state.mode(packet) : state.mode;
  }

  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    let course: Course | null = null;
    let held: Buffer[] | null = null;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
    }
    far.on("close", () => near.destroy());
    // A request that is to come late comes although nobody waits for it any more.
    near.on("close", () => course !== "late" && far.destroy());

    function hold(): void {
      held = [];
      const release = () => {
        for (const packet of held ?? []) far.write(packet);
        held = null;
      };
      setTimeout(release, state.lateBy());
      const answered = new Promise<void>((resolve) => {
        far.once("data", resolve).once("close", resolve);
      });
      pending.add(answered);
      void answered.then(() => pending.delete(answered));
    }

    let asking = false;
    let round = 0;
    const answer = (packet: Buffer) => {
      rounds.done = Math.max(rounds.done, round);
      near.write(packet);
    };
    near.on("data", (packet) => {
      state.sent += packet.length;
      if (!asking) round = rounds.done + 1;
      if (!asking) course = courseOf(packet);
      if (!asking && course === "late") hold();
      asking = true;
      if (course === "cut") near.destroy();
      else if (held) held.push(packet);
      else far.write(packet);
    });
    far.on("data", (packet) => {
      asking = false;
      state.received += packet.length;
      if (near.destroyed) far.destroy();
      else if (course === "drop") near.destroy();
      else if (course === "delay") setTimeout(() => answer(packet), state.lateBy());
      else if (course !== "stall") answer(packet);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return Object.assign(state, {
    port: (server.address() as { port: number }).port,
    async settled() {
      await Promise.all(pending);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
