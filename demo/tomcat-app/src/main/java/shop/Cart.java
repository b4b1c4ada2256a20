package shop;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;

/** A session's cart. Changed in place, as applications do. */
final class Cart implements Serializable {
  private static final long serialVersionUID = 1;
  private static final int ITEMS_SHOWN = 200;

  private final String created = UUID.randomUUID().toString();
  private final Deque<String> items = new ArrayDeque<>();
  private int count;

  synchronized int add(String item) {
    if (item != null && !item.isEmpty()) {
      count++;
      items.addLast(item);
      if (items.size() > ITEMS_SHOWN) items.removeFirst();
    }
    return count;
  }

  synchronized String toJson(String user, boolean isNew) {
    StringBuilder json = new StringBuilder("{\"count\":").append(count).append(",\"items\":[");
    String separator = "";
    for (String item : items) {
      json.append(separator).append('"').append(item.replaceAll("[^\\w.-]", "_")).append('"');
      separator = ",";
    }
    return json.append("],\"user\":")
        .append(user == null ? "null" : '"' + user + '"')
        .append(",\"created\":\"").append(created)
        .append("\",\"new\":").append(isNew).append('}').toString();
  }
}
