package shop;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The shop of the demo: the same requests and answers as the Node one (demo/node-app). */
public final class ShopServlet extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final long MAX_SLEEP_MS = 60_000;
  private static final boolean ANNOUNCES = Boolean.getBoolean("shop.announce");
  private static final Pattern SOAP_ITEM = Pattern.compile("<item>([^<]*)</item>");

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
    String action = request.getMethod() + " " + request.getPathInfo();
    if (!action.equals("GET /health")) Leak.age(request.getLocalPort());
    switch (action) {
      case "GET /health" -> response.getWriter().print("ok");
      case "GET /cart" -> answer(request, response, null, 0);
      case "POST /cart" -> answer(request, response, request.getParameter("item"), 0);
      case "POST /early" -> answerEarly(request, response);
      case "GET /slow", "POST /slow" -> answer(request, response, request.getParameter("item"), sleepMs(request));
      case "POST /login" -> logIn(request, response);
      case "POST /soap" -> answerSoap(request, response);
      // The session ends when nobody has used it for so many seconds.
      case "POST /brief" -> {
        request.getSession().setMaxInactiveInterval(Integer.parseInt(request.getParameter("seconds")));
        response.getWriter().print("{}");
      }
      case "POST /logout" -> {
        HttpSession session = request.getSession(false);
        if (session != null) session.invalidate();
        response.getWriter().print("{}");
      }
      // What no store can take: a session with it cannot be moved, which a preflight must notice.
      case "GET /unserialisable" -> {
        request.getSession().setAttribute("socket", new Object());
        response.getWriter().print("{}");
      }
      default -> response.sendError(HttpServletResponse.SC_NOT_FOUND);
    }
  }

  private static void answer(HttpServletRequest request, HttpServletResponse response, String item, long sleepMs)
      throws IOException {
    HttpSession session = request.getSession();
    Cart cart = cart(session);
    sleep(sleepMs);
    cart.add(item);
    announce(session, cart);
    response.setContentType("application/json");
    response.getWriter().print(cart.toJson(request.getRemoteUser(), session.isNew()));
  }

  /** The answer is complete at the client while the request still runs: what it has changed may not be saved yet. */
  private static void answerEarly(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Cart cart = cart(request.getSession());
    cart.add(request.getParameter("item"));
    announce(request.getSession(), cart);
    byte[] json = cart.toJson(request.getRemoteUser(), false).getBytes(StandardCharsets.UTF_8);
    response.setContentType("application/json");
    response.setContentLength(json.length);
    response.getOutputStream().write(json);
    response.flushBuffer();
    sleep(sleepMs(request));
  }

  /** Container log-in: Tomcat changes the session's id and keeps the user in the session. */
  private static void logIn(HttpServletRequest request, HttpServletResponse response) throws IOException {
    HttpSession session = request.getSession();
    Cart cart = cart(session);
    try {
      if (request.getUserPrincipal() == null) request.login(request.getParameter("user"), request.getParameter("password"));
    } catch (ServletException refused) {
      response.sendError(HttpServletResponse.SC_FORBIDDEN);
      return;
    }
    response.setContentType("application/json");
    response.getWriter().print(cart.toJson(request.getRemoteUser(), session.isNew()));
  }

  private static void answerSoap(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String body = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher item = SOAP_ITEM.matcher(body);
    HttpSession session = request.getSession();
    Cart cart = cart(session);
    int count = cart.add(item.find() ? item.group(1) : null);
    announce(session, cart);
    response.setContentType("text/xml; charset=utf-8");
    response.getWriter().print(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><added><count>" + count
            + "</count></added></soap:Body></soap:Envelope>");
  }

  private static Cart cart(HttpSession session) {
    synchronized (session) {
      Cart cart = (Cart) session.getAttribute("cart");
      if (cart == null) {
        cart = new Cart();
        session.setAttribute("cart", cart);
      }
      return cart;
    }
  }

  /** Clusters of Tomcat replicate what is set, and do not look at what is changed in place. */
  private static void announce(HttpSession session, Cart cart) {
    if (ANNOUNCES) session.setAttribute("cart", cart);
  }

  private static void sleep(long ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static long sleepMs(HttpServletRequest request) {
    String ms = request.getParameter("ms");
    return ms == null ? 0 : Math.min(Long.parseLong(ms), MAX_SLEEP_MS);
  }
}
