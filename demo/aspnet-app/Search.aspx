<%@ Page Language="C#" EnableViewState="true" %>
<!DOCTYPE html>
<html>
  <head runat="server"><title>Search</title></head>
  <body>
    <form runat="server">
      <asp:TextBox ID="Item" runat="server"/>
      <asp:Button ID="Send" Text="Search" runat="server"/>
    </form>
  </body>
</html>
