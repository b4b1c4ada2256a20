package shop;

import java.io.IOException;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** Aging on purpose, where the system property shop.leak names a kind of it: with each request the server loses some of what it has. */
final class Leak {
  private static final String KIND = System.getProperty("shop.leak", "");
  /** heap: bytes kept of each request. threads, connections: requests for each one kept. slow: requests for each millisecond more. */
  private static final int AMOUNT = Integer.getInteger("shop.leak.amount", 1);

  private static final Queue<Object> KEPT = new ConcurrentLinkedQueue<>();
  private static final CountDownLatch NEVER = new CountDownLatch(1);
  private static final AtomicLong REQUESTS = new AtomicLong();

  private Leak() {}

  /** What a request costs for good. `port` is the server's own. */
  static void age(int port) throws IOException {
    if (KIND.isEmpty()) return;
    long requests = REQUESTS.incrementAndGet();
    switch (KIND) {
      case "heap" -> KEPT.add(new byte[AMOUNT]);
      case "threads" -> {
        if (requests % AMOUNT == 0) startThread();
      }
      case "connections" -> {
        if (requests % AMOUNT == 0) KEPT.add(new Socket("127.0.0.1", port));
      }
      case "slow" -> pause(requests / AMOUNT);
      default -> throw new IllegalArgumentException("shop.leak knows heap, threads, connections and slow, not " + KIND);
    }
  }

  private static void startThread() {
    Thread thread = new Thread(() -> {
      try {
        NEVER.await();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    });
    thread.setDaemon(true);
    thread.start();
  }

  private static void pause(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
