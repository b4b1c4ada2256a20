// The shop of the demo for ASP.NET: the same requests and answers as the others (demo/tomcat-app, demo/node-app).

using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Principal;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using System.Web;
using System.Web.Security;
using System.Web.SessionState;

namespace Shop {
  /** A session's cart. A state server keeps it serialised, by the name of this assembly: both machines need the same one. */
  [Serializable]
  public sealed class Cart {
    const int ItemsShown = 200;
    readonly string created = Guid.NewGuid().ToString();
    readonly List<string> items = new List<string>();
    int count;
    TimeSpan? rests;
    DateTime usedAt;

    public int Add(string item) {
      if (!string.IsNullOrEmpty(item)) {
        count++;
        items.Add(item);
        if (items.Count > ItemsShown) items.RemoveAt(0);
      }
      return count;
    }

    public string ToJson(string user, bool isNew) {
      var shown = items.ConvertAll(item => '"' + Regex.Replace(item, @"[^\w.-]", "_") + '"');
      return string.Format(
          "{{\"count\":{0},\"items\":[{1}],\"user\":{2},\"created\":\"{3}\",\"new\":{4}}}",
          count, string.Join(",", shown), user == null ? "null" : '"' + user + '"', created, isNew ? "true" : "false");
    }

    public static Cart Of(HttpSessionState session) {
      var cart = (Cart) session["cart"];
      if (cart == null || DateTime.UtcNow - cart.usedAt > cart.rests) session["cart"] = cart = new Cart();
      cart.usedAt = DateTime.UtcNow;
      return cart;
    }

    /** ASP.NET counts in minutes, and Mono's state server keeps to the time-out that a session began with: so it is the cart that ends. */
    public void RestAtMost(TimeSpan time) {
      rests = time;
    }
  }

  /** Needs no session. */
  public sealed class Health : IHttpHandler {
    public bool IsReusable { get { return true; } }

    public void ProcessRequest(HttpContext context) {
      context.Response.ContentType = "text/plain";
      context.Response.Write("ok");
    }
  }

  public sealed class Requests : IHttpHandler, IRequiresSessionState {
    const int MaxSleepMs = 60000;
    static readonly Regex SoapItem = new Regex("<item>([^<]*)</item>");

    public bool IsReusable { get { return true; } }

    public void ProcessRequest(HttpContext context) {
      HttpRequest request = context.Request;
      HttpResponse response = context.Response;
      string item = request.QueryString["item"];
      string path = request.Path;
      switch (request.HttpMethod + path.Substring(path.LastIndexOf('/'))) {
        case "GET/cart": Answer(context, null, 0); break;
        case "POST/cart": Answer(context, item, 0); break;
        case "GET/slow":
        case "POST/slow": Answer(context, item, SleepMs(request)); break;
        case "POST/early": AnswerEarly(context, item); break;
        case "POST/login": LogIn(context); break;
        case "POST/soap": AnswerSoap(context); break;
        case "POST/brief":
          Cart.Of(context.Session).RestAtMost(TimeSpan.FromSeconds(int.Parse(request.QueryString["seconds"])));
          response.Write("{}");
          break;
        case "POST/logout":
          context.Session.Abandon();
          response.Write("{}");
          break;
        default: response.StatusCode = 404; break;
      }
    }

    static void Answer(HttpContext context, string item, int sleepMs) {
      Cart cart = Cart.Of(context.Session);
      Thread.Sleep(sleepMs);
      cart.Add(item);
      Json(context, cart, context.User == null ? null : context.User.Identity);
    }

    /** The answer is complete at the client while the request still runs, and what it has changed is not saved yet. */
    static void AnswerEarly(HttpContext context, string item) {
      Cart cart = Cart.Of(context.Session);
      cart.Add(item);
      byte[] json = Encoding.UTF8.GetBytes(cart.ToJson(null, false));
      context.Response.ContentType = "application/json";
      context.Response.AddHeader("Content-Length", json.Length.ToString());
      context.Response.OutputStream.Write(json, 0, json.Length);
      context.Response.Flush();
      Thread.Sleep(SleepMs(context.Request));
    }

    /** A log-in is a ticket in a cookie, encrypted with the machine key; the session keeps its id. */
    static void LogIn(HttpContext context) {
      string user = context.Request.QueryString["user"];
      if (!FormsAuthentication.Authenticate(user, context.Request.QueryString["password"])) {
        context.Response.StatusCode = 403;
        return;
      }
      FormsAuthentication.SetAuthCookie(user, false);
      Json(context, Cart.Of(context.Session), new GenericIdentity(user));
    }

    static void AnswerSoap(HttpContext context) {
      Match item = SoapItem.Match(new StreamReader(context.Request.InputStream, Encoding.UTF8).ReadToEnd());
      int count = Cart.Of(context.Session).Add(item.Success ? item.Groups[1].Value : null);
      context.Response.ContentType = "text/xml; charset=utf-8";
      context.Response.Write(
          "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><added><count>" + count
          + "</count></added></soap:Body></soap:Envelope>");
    }

    static void Json(HttpContext context, Cart cart, IIdentity user) {
      context.Response.ContentType = "application/json";
      string name = user != null && user.IsAuthenticated ? user.Name : null;
      context.Response.Write(cart.ToJson(name, context.Session.IsNewSession));
    }

    static int SleepMs(HttpRequest request) {
      string ms = request.QueryString["ms"];
      return ms == null ? 0 : Math.Min(int.Parse(ms), MaxSleepMs);
    }
  }
}
