"""The app: its pages, each with an address of its own. `mlflow run . -e dashboard` starts it."""

import streamlit as st

from dashboards import address
from dashboards.shell import leave_imports_alone, told

st.set_page_config(page_title="seglab", page_icon=":material/analytics:", layout="wide")
page = st.navigation(
    [
        st.Page("views/results.py", title="Results", icon=":material/table:", default=True),
        st.Page("views/curves.py", title="Curves", icon=":material/show_chart:"),
        st.Page("views/pictures.py", title="Pictures", icon=":material/image:"),
        st.Page("views/per_picture.py", title="Per picture", icon=":material/scatter_plot:"),
        st.Page("views/study.py", title="Study", icon=":material/tune:"),
        st.Page("views/run.py", title="Run", icon=":material/receipt_long:"),
    ],
    position="top",
)
st.html(
    "<style>.stMainBlockContainer {padding: 3.5rem 2.5rem 2rem} .stMainBlockContainer h1 "
    "{padding: 0.6rem 0 0}</style>"
)
address.begin(page.url_path)
with told():
    page.run()
address.complete()
leave_imports_alone(page.url_path)
