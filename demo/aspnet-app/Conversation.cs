// A web service with a session, of the kind that .asmx pages are.

using System.IO;
using System.Text;
using System.Web.Services;
using System.Web.Services.Protocols;

namespace Shop {
  [WebService(Namespace = "urn:vm-rejuv:conversation")]
  public sealed class Conversation : WebService {
    /** Adds to what the session has; how many that are. */
    [WebMethod(EnableSession = true)]
    public int Add(string item) {
      return Cart.Of(Session).Add(item);
    }

    [WebMethod]
    public string Fail(string reason) {
      throw new SoapException(reason, SoapException.ClientFaultCode);
    }

    /** The request as it has arrived. */
    [WebMethod]
    public string Received() {
      Context.Request.InputStream.Position = 0;
      return new StreamReader(Context.Request.InputStream, Encoding.UTF8).ReadToEnd();
    }
  }
}
